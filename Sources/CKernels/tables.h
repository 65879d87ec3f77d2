#ifndef CK_TABLES_H
#define CK_TABLES_H

#include "kernels.h"

extern const ck_table ck_reference;
#if defined(__x86_64__)
extern const ck_table ck_avx512;
extern const ck_table ck_avx2;
#endif

#endif
