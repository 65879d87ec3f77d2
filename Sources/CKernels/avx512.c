#if defined(__x86_64__)
#include <immintrin.h>

#include "tables.h"
#include "vectors.h"

// AVX-512 with BF16: Zen 4 and later, Cooper Lake, Sapphire Rapids and later.
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma"))), apply_to = function)

#define TABLE ck_avx512
#define NAME "avx512"
#define STRIPS 2
#define COLUMNS 12

typedef uint32_t operand;
typedef u32x16 wide;

static bool supported(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512bf16");
}

INLINE wide widen(u32x16 pairs) { return pairs; }

INLINE f32x16 dot(f32x16 sum, wide weights, operand x) {
    return (f32x16)_mm512_dpbf16_ps((__m512)sum, (__m512bh)weights, (__m512bh)_mm512_set1_epi32((int)x));
}

INLINE void narrow(const float *values, uint16_t *halves) {
    _mm256_storeu_si256((__m256i *)halves, (__m256i)_mm512_cvtneps_pbh(_mm512_loadu_ps(values)));
}

INLINE void spread_operands(operand *cells, size_t stride, const float *values, size_t count) {
    for (size_t i = 0; i < count; i += 16) {
        uint32_t pairs[8];
        narrow(values + i, (uint16_t *)pairs);
        for (size_t j = 0; j < 8; j++) cells[(i / 2 + j) * stride] = pairs[j];
    }
}

#include "panel_kernels.h"

#pragma clang attribute pop
#endif
