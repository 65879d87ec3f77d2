#ifndef DEQUANTIZE_H
#define DEQUANTIZE_H

#include <stdbool.h>
#include <stddef.h>

// Storage types of tensors; the numbers are those of GGUF.
typedef enum {
    CK_F32 = 0,
    CK_F16 = 1,
    CK_Q4_0 = 2,
    CK_Q4_1 = 3,
    CK_Q5_0 = 6,
    CK_Q5_1 = 7,
    CK_Q8_0 = 8,
    CK_Q2_K = 10,
    CK_Q3_K = 11,
    CK_Q4_K = 12,
    CK_Q5_K = 13,
    CK_Q6_K = 14,
    CK_IQ4_NL = 20,
    CK_IQ4_XS = 23,
    CK_BF16 = 30,
} ck_type;

// Bytes of n values, n a multiple of the type's block (1, 32 or 256 values); 0 for an unknown type.
size_t ck_row_bytes(ck_type type, size_t n);

// Writes n values (a multiple of the block) as f32 to dst. The result is defined to the bit: it is what the Python
// package `gguf` computes. src may have any alignment.
void ck_dequantize(ck_type type, const void *src, float *dst, size_t n);

// Whether n values of CK_F16 or CK_F32 are numbers that bf16 holds exactly; for CK_BF16 they are. src may have any
// alignment.
bool ck_fits_bf16(ck_type type, const void *src, size_t n);

#endif
