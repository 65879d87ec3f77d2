#if defined(__x86_64__)
#include <immintrin.h>

#include "tables.h"
#include "vectors.h"

// AVX-512 with BF16 and VNNI: Zen 4 and later, Cooper Lake, Sapphire Rapids and later. Tuned for the first of them: tuned
// for none, the compiler makes two instructions of some dots, which costs Q6_K 3 %.
#pragma clang attribute push( \
    __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,avx512vnni,fma,tune=znver4"))), \
    apply_to = function)

#define TABLE ck_avx512
#define NAME "avx512"
#define STRIPS 2
#define COLUMNS 12
#define FORM_NAME "bf16"
#define INTEGER_COLUMNS 16
#define LANES 16
#define SIGNED_BYTES 0
#define SCALED_DOTS 0

typedef uint32_t operand;
typedef u32x16 wide;

static bool supported(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni");
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

INLINE void read_operand(operand x, float values[2]) {
    uint32_t pair[2] = {x << 16, x & 0xffff0000};
    __builtin_memcpy(values, pair, sizeof pair);
}

INLINE size_t squeeze(i32x16 mask, f32x16 v, i32x16 ids, float *values, int32_t *value_ids) {
    __mmask16 lanes = _mm512_movepi32_mask((__m512i)mask);
    _mm512_storeu_ps(values, _mm512_maskz_compress_ps(lanes, (__m512)v));
    _mm512_storeu_si512(value_ids, _mm512_maskz_compress_epi32(lanes, (__m512i)ids));
    return (size_t)__builtin_popcount(lanes);
}

typedef f32x16 vf;
typedef f32x16_unaligned vf_unaligned;
typedef i32x16 vi;
typedef uint8_t vb __attribute__((ext_vector_type(64), may_alias));
typedef uint16_t vh __attribute__((ext_vector_type(32)));
typedef int16_t vs __attribute__((ext_vector_type(32)));

INLINE vi dots(vi sum, const vb *weights, int count, const int32_t *x, size_t stride, int bits) {
    (void)bits;
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++) {
        sum = (vi)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)weights[i], _mm512_set1_epi32(x[(size_t)i * stride]));
    }
    return sum;
}

INLINE vi pair_dots(vi sum, vs a, vs b) {
    return (vi)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)a, (__m512i)b);
}

INLINE vs merged(vi low, vi high) {
    return (vs)_mm512_ternarylogic_epi32((__m512i)low, (__m512i)high, _mm512_set1_epi32(0xffff), 0xe4);
}

INLINE void column_by_column(vi *sum) { __asm__ volatile("" : "+v"(*sum) : : "memory"); }

INLINE vb lookup(vb indices, const uint8_t *table) {
    __m512i values = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
    return (vb)_mm512_shuffle_epi8(values, (__m512i)indices);
}

INLINE vf halves(const uint8_t *p) { return (vf)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)); }

INLINE vf bfloats(const uint16_t *p) {
    return (vf)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p)), 16);
}

#include "panel_kernels.h"

#pragma clang attribute pop
#endif
