#define _GNU_SOURCE
#include "pages.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

static const size_t huge = (size_t)2 << 20;

static size_t rounded(size_t bytes) { return (bytes + huge - 1) / huge * huge; }

void *ck_pages_allocate(size_t bytes) {
    if (bytes == 0) bytes = 1;
    if (bytes > SIZE_MAX - 2 * huge) {
        errno = ENOMEM;
        return NULL;
    }
    size_t size = rounded(bytes);
    uint8_t *map = mmap(NULL, size + huge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) return NULL;
    size_t head = (huge - (uintptr_t)map % huge) % huge;
    if (head > 0) munmap(map, head);
    if (huge - head > 0) munmap(map + head + size, huge - head);
    madvise(map + head, size, MADV_HUGEPAGE);
    return map + head;
}

void ck_pages_free(void *pages, size_t bytes) {
    if (pages) munmap(pages, rounded(bytes == 0 ? 1 : bytes));
}
