#include "tables.h"

static const ck_table *const tables[] = {
#if defined(__x86_64__)
    &ck_avx512,
    &ck_avx2,
#endif
    &ck_reference,
};

const ck_table *ck_table_at(size_t index) {
    return index < sizeof tables / sizeof *tables ? tables[index] : NULL;
}

const ck_table *ck_table_best(void) {
    for (size_t i = 0; ck_table_at(i); i++) {
        if (tables[i]->supported()) return tables[i];
    }
    return &ck_reference;
}
