#if defined(__x86_64__)
#include <immintrin.h>

#include "tables.h"
#include "vectors.h"

// AVX2 with FMA: Haswell, Zen and later. Weights and K/V are bf16 as in the avx512 table; activations stay f32.
// Sixteen lanes are two registers here. How they would be passed does not matter: all such functions are inlined.
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define TABLE ck_avx2
#define NAME "avx2"
#define STRIPS 1
#define COLUMNS 4

typedef struct {
    float even, odd;
} operand;

typedef struct {
    f32x16 even, odd;
} wide;

static bool supported(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

INLINE wide widen(u32x16 pairs) { return (wide){(f32x16)(pairs << 16), (f32x16)(pairs & 0xffff0000)}; }

INLINE f32x16 dot(f32x16 sum, wide weights, operand x) {
    sum = weights.even * x.even + sum;
    return weights.odd * x.odd + sum;
}

/// Round to nearest even; a NaN keeps its sign and becomes quiet.
INLINE void narrow(const float *values, uint16_t *halves) {
    for (int i = 0; i < 16; i++) {
        uint32_t bits;
        __builtin_memcpy(&bits, values + i, sizeof bits);
        uint32_t rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
        halves[i] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? bits >> 16 | 0x40 : rounded);
    }
}

INLINE void spread_operands(operand *cells, size_t stride, const float *values, size_t count) {
    for (size_t i = 0; i < count / 2; i++) cells[i * stride] = (operand){values[2 * i], values[2 * i + 1]};
}

#include "panel_kernels.h"

#pragma clang attribute pop
#endif
