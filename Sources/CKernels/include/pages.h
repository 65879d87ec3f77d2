#ifndef CK_PAGES_H
#define CK_PAGES_H

#include <stddef.h>

/// Zeroed memory aligned to 2 MiB, on huge pages where the kernel grants them: streaming reads are about a quarter
/// faster than on 4 KiB pages. Pages become real when first touched. NULL, with errno set, if there is none.
void *ck_pages_allocate(size_t bytes);
/// `bytes` as given to ck_pages_allocate.
void ck_pages_free(void *pages, size_t bytes);

#endif
