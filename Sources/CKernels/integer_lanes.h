// LANES at a time for the integer kernels, and the words of a column's block of operands (integer_kernels.h says what
// each part holds).

enum { I_SCALES = 0, I_PAIRS = 4, I_UNITS = 8, I_HALVES = 16, I_SUM_SCALE = 32, I_VALUES = 33, I_WORDS = 97 };
enum { UNITS_BITS = 3, HALVES_BITS = 5 };  // the offsets of Q4_0 and Q6_K, which so cost their kernels nothing
enum { SCALED = 2 * CK_UNIT };  // activations that share a scale
/// Most that the magnitudes of 16 activations add up to as bytes: 32 times as much is 16 bits. A scale is larger than
/// largest / 127 only where the 16 are half as large as the largest on average.
enum { HALF_BYTES = 1023 };

INLINE vf splat(float x) { return (vf)x; }
INLINE vi splat_int(int32_t x) { return (vi)x; }
INLINE vf floats(vi x) { return __builtin_convertvector(x, vf); }
INLINE vf fused(vf a, vf b, vf c) { return __builtin_elementwise_fma(a, b, c); }

INLINE float bfloat(uint16_t half) {
    uint32_t bits = (uint32_t)half << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

INLINE float float_at(const int32_t *p) { return ((const union { int32_t i; float f; } *)p)->f; }
