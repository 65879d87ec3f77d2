#include "dequantize.h"

#include <stdint.h>
#include <string.h>

// A fused multiply-add rounds once where the definition rounds twice.
#pragma STDC FP_CONTRACT OFF

// One body, compiled also for AVX2 and chosen when the program starts. Plain loops: the compiler vectorizes them.
// The choice is made before ThreadSanitizer's runtime is there, which it would call.
#if defined(__x86_64__) && defined(__GLIBC__) && !__has_feature(thread_sanitizer)
#define CK_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CK_CLONES
#endif
#define CK_INLINE static inline __attribute__((always_inline))

// MARK: Scalars

CK_INLINE float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// IEEE half to single. Moving exponent and fraction into place leaves the exponent 112 too small; the multiplication
// mends it and normalizes halves that are subnormal. Infinities and NaN need all exponent bits; NaN becomes quiet.
CK_INLINE float float_of_half(uint16_t half) {
    uint32_t magnitude = (uint32_t)(half & 0x7fff) << 13;
    float scaled = float_of_bits(magnitude) * 0x1p112f;
    uint32_t finite;
    memcpy(&finite, &scaled, sizeof finite);
    uint32_t quiet = magnitude > 0x0f800000 ? 0x00400000 : 0;
    uint32_t special = magnitude | 0x7f800000 | quiet;
    uint32_t bits = magnitude >= 0x0f800000 ? special : finite;
    return float_of_bits(bits | (uint32_t)(half & 0x8000) << 16);
}

CK_INLINE uint16_t load16(const uint8_t *at) {
    return (uint16_t)(at[0] | at[1] << 8);
}

CK_INLINE float load_half(const uint8_t *at) {
    return float_of_half(load16(at));
}

// MARK: Plain types

CK_INLINE void f16(const uint8_t *src, float *dst, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint16_t half;
        memcpy(&half, src + 2 * i, sizeof half);
        dst[i] = float_of_half(half);
    }
}

// The upper half of an f32.
CK_INLINE void bf16(const uint8_t *src, float *dst, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint16_t high;
        memcpy(&high, src + 2 * i, sizeof high);
        dst[i] = float_of_bits((uint32_t)high << 16);
    }
}

// MARK: Blocks of 32

// d f16; 32 x s8. y = q * d
CK_INLINE void q8_0(const uint8_t *b, float *y) {
    float d = load_half(b);
    const int8_t *q = (const int8_t *)(b + 2);
    for (int i = 0; i < 32; i++) y[i] = (float)q[i] * d;
}

// d f16; 16 bytes, low nibbles are values 0...15, high nibbles 16...31. y = d * (q - 8)
CK_INLINE void q4_0(const uint8_t *b, float *y) {
    float d = load_half(b);
    const uint8_t *q = b + 2;
    for (int i = 0; i < 16; i++) {
        y[i] = d * (float)((q[i] & 15) - 8);
        y[i + 16] = d * (float)((q[i] >> 4) - 8);
    }
}

// d f16; m f16; nibbles as Q4_0. y = d * q + m
CK_INLINE void q4_1(const uint8_t *b, float *y) {
    float d = load_half(b), m = load_half(b + 2);
    const uint8_t *q = b + 4;
    for (int i = 0; i < 16; i++) {
        y[i] = d * (float)(q[i] & 15) + m;
        y[i + 16] = d * (float)(q[i] >> 4) + m;
    }
}

// Bit 4 of value i is bit i of the 32-bit little-endian number at `high`.
CK_INLINE int fifth_bit(const uint8_t *high, int i) {
    uint32_t bits = (uint32_t)load16(high) | (uint32_t)load16(high + 2) << 16;
    return (int)(bits >> i & 1) << 4;
}

// d f16; 32 fifth bits; nibbles as Q4_0. y = d * (q - 16)
CK_INLINE void q5_0(const uint8_t *b, float *y) {
    float d = load_half(b);
    const uint8_t *high = b + 2, *q = b + 6;
    for (int i = 0; i < 16; i++) {
        y[i] = d * (float)(((q[i] & 15) | fifth_bit(high, i)) - 16);
        y[i + 16] = d * (float)(((q[i] >> 4) | fifth_bit(high, i + 16)) - 16);
    }
}

// d f16; m f16; 32 fifth bits; nibbles as Q4_0. y = d * q + m
CK_INLINE void q5_1(const uint8_t *b, float *y) {
    float d = load_half(b), m = load_half(b + 2);
    const uint8_t *high = b + 4, *q = b + 8;
    for (int i = 0; i < 16; i++) {
        y[i] = d * (float)((q[i] & 15) | fifth_bit(high, i)) + m;
        y[i + 16] = d * (float)((q[i] >> 4) | fifth_bit(high, i + 16)) + m;
    }
}

static const int8_t iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

// d f16; nibbles as Q4_0, each an index into the table. y = d * table[q]
CK_INLINE void iq4_nl(const uint8_t *b, float *y) {
    float d = load_half(b);
    const uint8_t *q = b + 2;
    for (int i = 0; i < 16; i++) {
        y[i] = d * (float)iq4_values[q[i] & 15];
        y[i + 16] = d * (float)iq4_values[q[i] >> 4];
    }
}

// MARK: Blocks of 256

// 16 bytes: low nibble scale, high nibble minimum of 16 values; 64 bytes of 2-bit values; d f16; dmin f16.
// Value v: bits 2 * (v % 128 / 32) of byte 32 * (v / 128) + v % 32. y = d * scale * q - dmin * minimum
CK_INLINE void q2_k(const uint8_t *b, float *y) {
    const uint8_t *q = b + 16;
    float d = load_half(b + 80), dmin = load_half(b + 82);
    for (int group = 0; group < 16; group++) {
        float scale = d * (float)(b[group] & 15), minimum = dmin * (float)(b[group] >> 4);
        const uint8_t *bytes = q + 32 * (group / 8) + 16 * (group % 2);
        int shift = 2 * (group % 8 / 2);
        for (int i = 0; i < 16; i++) y[16 * group + i] = scale * (float)(bytes[i] >> shift & 3) - minimum;
    }
}

// 32 bytes: bit j of byte l is the third bit of value 32 * j + l; 64 bytes of 2-bit values as Q2_K; 12 bytes of
// scales: 16 x 6 bits, low 4 in the first 8 bytes, high 2 in the last 4; d f16. y = d * (scale - 32) * q with
// q = two bits, minus 4 where the third is clear.
CK_INLINE void q3_k(const uint8_t *b, float *y) {
    const uint8_t *high = b, *q = b + 32, *s = b + 96;
    float d = load_half(b + 108);
    for (int group = 0; group < 16; group++) {
        int low4 = group < 8 ? s[group] & 15 : s[group - 8] >> 4;
        int high2 = s[8 + group % 4] >> (2 * (group / 4)) & 3;
        float scale = d * (float)((low4 | high2 << 4) - 32);
        const uint8_t *bytes = q + 32 * (group / 8) + 16 * (group % 2), *masks = high + 16 * (group % 2);
        int shift = 2 * (group % 8 / 2), bit = group / 2;
        for (int i = 0; i < 16; i++) {
            int value = (bytes[i] >> shift & 3) - ((masks[i] >> bit & 1) ? 0 : 4);
            y[16 * group + i] = scale * (float)value;
        }
    }
}

// The 12 scale bytes of Q4_K and Q5_K: 8 scales and 8 minima of 6 bits. 0...3 fill the low six bits of bytes 0...3
// and 4...7; 4...7 have their low four bits in bytes 8...11 and the high two on top of those of 0...3.
CK_INLINE int k_scale(const uint8_t *s, int j) {
    return j < 4 ? s[j] & 63 : (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
}

CK_INLINE int k_minimum(const uint8_t *s, int j) {
    return j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | (s[j] >> 6) << 4;
}

// d f16; dmin f16; 12 scale bytes; 128 bytes of nibbles: bytes 32c...32c+31 hold sub-block 2c low and 2c + 1 high.
// y = d * scale * q - dmin * minimum
CK_INLINE void q4_k(const uint8_t *b, float *y) {
    float d = load_half(b), dmin = load_half(b + 2);
    const uint8_t *s = b + 4;
    for (int sub = 0; sub < 8; sub++) {
        float scale = d * (float)k_scale(s, sub), minimum = dmin * (float)k_minimum(s, sub);
        const uint8_t *q = b + 16 + 32 * (sub / 2);
        int shift = 4 * (sub % 2);
        for (int i = 0; i < 32; i++) y[32 * sub + i] = scale * (float)(q[i] >> shift & 15) - minimum;
    }
}

// As Q4_K with 32 bytes between scales and nibbles: bit `sub` of byte i is the fifth bit of value i of a sub-block.
CK_INLINE void q5_k(const uint8_t *b, float *y) {
    float d = load_half(b), dmin = load_half(b + 2);
    const uint8_t *s = b + 4, *high = b + 16;
    for (int sub = 0; sub < 8; sub++) {
        float scale = d * (float)k_scale(s, sub), minimum = dmin * (float)k_minimum(s, sub);
        const uint8_t *q = b + 48 + 32 * (sub / 2);
        int shift = 4 * (sub % 2);
        for (int i = 0; i < 32; i++) {
            int value = (q[i] >> shift & 15) | (high[i] >> sub & 1) << 4;
            y[32 * sub + i] = scale * (float)value - minimum;
        }
    }
}

// 128 bytes of low nibbles; 64 bytes of high pairs of bits; 16 scales s8; d f16. Each half of 128 values has 64 + 32
// bytes; in it, run r of 32 values takes nibble r / 2 of bytes 32 * (r % 2)... and pair r. y = d * scale * (q - 32)
CK_INLINE void q6_k(const uint8_t *b, float *y) {
    const int8_t *scales = (const int8_t *)(b + 192);
    float d = load_half(b + 208);
    for (int group = 0; group < 16; group++) {
        float scale = d * (float)scales[group];
        int half = group / 8, run = group % 8 / 2, at = 16 * (group % 2);
        const uint8_t *low = b + 64 * half + 32 * (run % 2) + at, *high = b + 128 + 32 * half + at;
        for (int i = 0; i < 16; i++) {
            int value = (low[i] >> (4 * (run / 2)) & 15) | (high[i] >> (2 * run) & 3) << 4;
            y[16 * group + i] = scale * (float)(value - 32);
        }
    }
}

// d f16; high pairs of the 8 scales u16; low nibbles of the 8 scales; 8 x 16 bytes of nibbles, low ones first.
// y = d * (scale - 32) * table[q]
CK_INLINE void iq4_xs(const uint8_t *b, float *y) {
    float d = load_half(b);
    int scales_high = load16(b + 2);
    for (int sub = 0; sub < 8; sub++) {
        int scale6 = (b[4 + sub / 2] >> (4 * (sub % 2)) & 15) | (scales_high >> (2 * sub) & 3) << 4;
        float scale = d * (float)(scale6 - 32);
        const uint8_t *q = b + 8 + 16 * sub;
        for (int i = 0; i < 16; i++) {
            y[32 * sub + i] = scale * (float)iq4_values[q[i] & 15];
            y[32 * sub + i + 16] = scale * (float)iq4_values[q[i] >> 4];
        }
    }
}

// MARK: Dispatch

typedef struct {
    size_t values, bytes;
} block_size;

CK_INLINE block_size block_of(ck_type type) {
    switch (type) {
    case CK_F32: return (block_size){1, 4};
    case CK_F16:
    case CK_BF16: return (block_size){1, 2};
    case CK_Q4_0:
    case CK_IQ4_NL: return (block_size){32, 18};
    case CK_Q4_1: return (block_size){32, 20};
    case CK_Q5_0: return (block_size){32, 22};
    case CK_Q5_1: return (block_size){32, 24};
    case CK_Q8_0: return (block_size){32, 34};
    case CK_Q2_K: return (block_size){256, 84};
    case CK_Q3_K: return (block_size){256, 110};
    case CK_Q4_K: return (block_size){256, 144};
    case CK_Q5_K: return (block_size){256, 176};
    case CK_Q6_K: return (block_size){256, 210};
    case CK_IQ4_XS: return (block_size){256, 136};
    }
    return (block_size){1, 0};
}

size_t ck_row_bytes(ck_type type, size_t n) {
    block_size block = block_of(type);
    return n / block.values * block.bytes;
}

#define CK_EACH_BLOCK(decode, values, bytes) \
    for (size_t i = 0; i < n / (values); i++) decode(b + i * (bytes), dst + i * (values)); \
    break

CK_CLONES
void ck_dequantize(ck_type type, const void *src, float *dst, size_t n) {
    const uint8_t *b = src;
    switch (type) {
    case CK_F32: memcpy(dst, src, n * sizeof(float)); break;
    case CK_F16: f16(b, dst, n); break;
    case CK_BF16: bf16(b, dst, n); break;
    case CK_Q4_0: CK_EACH_BLOCK(q4_0, 32, 18);
    case CK_Q4_1: CK_EACH_BLOCK(q4_1, 32, 20);
    case CK_Q5_0: CK_EACH_BLOCK(q5_0, 32, 22);
    case CK_Q5_1: CK_EACH_BLOCK(q5_1, 32, 24);
    case CK_Q8_0: CK_EACH_BLOCK(q8_0, 32, 34);
    case CK_Q2_K: CK_EACH_BLOCK(q2_k, 256, 84);
    case CK_Q3_K: CK_EACH_BLOCK(q3_k, 256, 110);
    case CK_Q4_K: CK_EACH_BLOCK(q4_k, 256, 144);
    case CK_Q5_K: CK_EACH_BLOCK(q5_k, 256, 176);
    case CK_Q6_K: CK_EACH_BLOCK(q6_k, 256, 210);
    case CK_IQ4_NL: CK_EACH_BLOCK(iq4_nl, 32, 18);
    case CK_IQ4_XS: CK_EACH_BLOCK(iq4_xs, 256, 136);
    }
}

/// A normal F16 has 10 bits behind the point, bf16 has 7. A subnormal is its 10 bits times 2^-24, which bf16 holds if
/// no more than 8 lie between the first and the last that is set.
static bool half_fits(uint16_t half) {
    uint32_t fraction = half & 0x3ff;
    if ((half & 0x7c00) != 0 || fraction == 0) return (fraction & 7) == 0;
    return fraction >> __builtin_ctz(fraction) < 256;
}

bool ck_fits_bf16(ck_type type, const void *src, size_t n) {
    const uint8_t *bytes = src;
    if (type == CK_F32) {
        uint32_t lost = 0;
        for (size_t i = 0; i < n; i++) {
            uint32_t bits;
            memcpy(&bits, bytes + 4 * i, sizeof bits);
            lost |= bits & 0xffff;
        }
        return lost == 0;
    }
    for (size_t i = 0; type == CK_F16 && i < n; i++) {
        uint16_t half;
        memcpy(&half, bytes + 2 * i, sizeof half);
        if (!half_fits(half)) return false;
    }
    return type == CK_F16 || type == CK_BF16;
}
