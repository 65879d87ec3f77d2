#if defined(__x86_64__)
#include <immintrin.h>

#include "tables.h"
#include "vectors.h"

// AVX2 with FMA: Haswell, Zen and later. Weights and K/V are bf16 as in the avx512 table; activations stay f32.
// Sixteen lanes are two registers here. How they would be passed does not matter: all such functions are inlined.
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#define TABLE ck_avx2
#define NAME "avx2"
#define STRIPS 1
#define COLUMNS 4
#define FORM_NAME "f32"
#define INTEGER_COLUMNS COLUMNS
#define LANES 8
#define SIGNED_BYTES 1
#define SCALED_DOTS 1

typedef struct {
    float even, odd;
} operand;

typedef struct {
    f32x16 even, odd;
} wide;

static bool supported(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c"); }

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

INLINE void read_operand(operand x, float values[2]) {
    values[0] = x.even;
    values[1] = x.odd;
}

INLINE size_t squeeze(i32x16 mask, f32x16 v, i32x16 ids, float *values, int32_t *value_ids) {
    unsigned low = (unsigned)_mm256_movemask_ps((__m256)mask.lo), high = (unsigned)_mm256_movemask_ps((__m256)mask.hi);
    size_t found = 0;
    for (unsigned lanes = low | high << 8; lanes != 0; lanes &= lanes - 1) {
        values[found] = v[__builtin_ctz(lanes)];
        value_ids[found++] = ids[__builtin_ctz(lanes)];
    }
    return found;
}

typedef f32x8 vf;
typedef float vf_unaligned __attribute__((ext_vector_type(8), aligned(4), may_alias));
typedef int32_t vi __attribute__((ext_vector_type(8)));
typedef uint8_t vb __attribute__((ext_vector_type(32), may_alias));
typedef uint16_t vh __attribute__((ext_vector_type(16)));
typedef int16_t vs __attribute__((ext_vector_type(16)));

/// Products of bytes are added in pairs to 16 bits, which holds `steps` of them for weights of so many bits: 8 x 2 x 15
/// x 127, 4 x 2 x 31 x 127, 2 x 2 x 63 x 127. Weights of 8 bits are made signed; their sign goes to the activation.
INLINE vi scaled_dots(
    vi sum, const vb *weights, int count, const int32_t *x, size_t stride, int bits, vs scales) {
    const int steps = bits <= 4 ? 8 : bits == 5 ? 4 : bits == 6 ? 2 : 1;
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i += steps) {
        __m256i part = _mm256_setzero_si256();
#pragma clang loop unroll(full)
        for (int k = i; k < i + steps && k < count; k++) {
            __m256i a = _mm256_set1_epi32(x[(size_t)k * stride]), w = (__m256i)weights[k];
            if (bits == 8) {
                w = _mm256_xor_si256(w, _mm256_set1_epi8(-128));
                a = _mm256_sign_epi8(a, w);
                w = _mm256_abs_epi8(w);
            }
            __m256i products = _mm256_maddubs_epi16(w, a);
            part = k == i ? products : _mm256_add_epi16(part, products);
        }
        sum += (vi)_mm256_madd_epi16(part, (__m256i)scales);
    }
    return sum;
}

INLINE vi dots(vi sum, const vb *weights, int count, const int32_t *x, size_t stride, int bits) {
    return scaled_dots(sum, weights, count, x, stride, bits, (vs)(int16_t)1);
}

/// The high, or low, of two int16 a lane, twice.
INLINE vs one_of(vs pairs, bool high) {
    __m256i v = (__m256i)pairs;
    return (vs)(high ? _mm256_blend_epi16(_mm256_srli_epi32(v, 16), v, 0xaa)
                     : _mm256_blend_epi16(v, _mm256_slli_epi32(v, 16), 0xaa));
}

INLINE vi pair_dots(vi sum, vs a, vs b) { return sum + (vi)_mm256_madd_epi16((__m256i)a, (__m256i)b); }

INLINE vs merged(vi low, vi high) { return (vs)_mm256_blend_epi16((__m256i)low, (__m256i)high, 0xaa); }

INLINE void column_by_column(vi *sum) { (void)sum; }

INLINE vb lookup(vb indices, const uint8_t *table) {
    __m256i values = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
    return (vb)_mm256_shuffle_epi8(values, (__m256i)indices);
}

INLINE vf halves(const uint8_t *p) { return (vf)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)); }

INLINE vf bfloats(const uint16_t *p) {
    return (vf)_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p)), 16);
}

#include "panel_kernels.h"

#pragma clang attribute pop
#endif
