// Activations as int8 operands (integer_kernels.h, which includes this file, has their layout).

INLINE size_t blocks_of(size_t depth) { return (depth + CK_BLOCK_DEPTH - 1) / CK_BLOCK_DEPTH; }

typedef int8_t i8x16 __attribute__((ext_vector_type(16)));
typedef int16_t i16x8 __attribute__((ext_vector_type(8)));
typedef int32_t i32x8 __attribute__((ext_vector_type(8)));

/// As integers, so that a NaN is larger than all numbers.
INLINE float largest_magnitude(const float *x, size_t count, bool *finite) {
    u32x16 top = 0;
    for (size_t i = 0; i < count; i += 16) top = __builtin_elementwise_max(top, (u32x16)load(x + i) & 0x7fffffff);
    uint32_t bits = __builtin_reduce_max(top);
    float largest;
    memcpy(&largest, &bits, sizeof largest);
    *finite = bits < 0x7f800000;
    return largest;
}

/// Values (count) to a column's block, each a row of n words behind the one before. The compiler would make that a
/// scatter, which takes longer than stores.
INLINE void store_column(int32_t *place, size_t n, const int32_t *values, size_t count) {
#pragma clang loop vectorize(disable)
    for (size_t i = 0; i < count; i++) place[i * n] = values[i];
}

/// The sums of four vectors, each in all lanes of its quarter.
INLINE i32x16 sums_of(const i32x16 v[4]) {
#define EIGHTHS(a, b, i) __builtin_shufflevector(a, b, i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7, \
    i + 16, i + 17, i + 18, i + 19, i + 20, i + 21, i + 22, i + 23)
#define QUARTERS(a, b, i) __builtin_shufflevector(a, b, i, i + 1, i + 2, i + 3, i + 8, i + 9, i + 10, i + 11, \
    i + 16, i + 17, i + 18, i + 19, i + 24, i + 25, i + 26, i + 27)
    i32x16 low = EIGHTHS(v[0], v[1], 0) + EIGHTHS(v[0], v[1], 8);
    i32x16 high = EIGHTHS(v[2], v[3], 0) + EIGHTHS(v[2], v[3], 8);
    i32x16 sums = QUARTERS(low, high, 0) + QUARTERS(low, high, 4);
    sums += __builtin_shufflevector(sums, sums, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    return sums + __builtin_shufflevector(sums, sums, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
#undef EIGHTHS
#undef QUARTERS
}

/// Values (SCALED) to bytes and the sums of the halves of their units. Returns the largest sum of magnitudes of a half.
INLINE int32_t round_to_bytes(const float *x, float inverse, int8_t *q, int32_t halves[4]) {
    i32x16 rounded[4], magnitudes[4];
    for (size_t i = 0; i < 4; i++) {
        rounded[i] = __builtin_convertvector(__builtin_elementwise_roundeven(load(x + 16 * i) * inverse), i32x16);
        magnitudes[i] = __builtin_elementwise_abs(rounded[i]);
        *(i8x16 *)(q + 16 * i) = __builtin_convertvector(rounded[i], i8x16);
    }
    i32x16 sums = sums_of(rounded);
    for (size_t i = 0; i < 4; i++) halves[i] = sums[4 * i];
    return __builtin_reduce_max(sums_of(magnitudes));
}

/// Values (SCALED) to bytes, their scale, and the sums of halves of units. A NaN or an infinity makes the scale NaN.
INLINE float quantize(const float *x, int8_t *q, int32_t halves[4]) {
    bool finite;
    float largest = largest_magnitude(x, SCALED, &finite);
    if (!finite || largest < 127 * FLT_MIN) {  // its inverse would overflow: counts as nothing
        memset(q, 0, SCALED);
        memset(halves, 0, 4 * sizeof *halves);
        return finite ? largest / 127 : NAN;
    }
    float inverse = 127 / largest;
    int32_t most = round_to_bytes(x, inverse, q, halves);
    if (most <= HALF_BYTES) return largest / 127;
    // Rounding adds at most 8 to a half's magnitudes, the first time as the second.
    inverse *= (float)(HALF_BYTES - 8) / (float)(most + 8);
    round_to_bytes(x, inverse, q, halves);
    return 1 / inverse;
}

/// The sums of units with one scale for all of them, as pairs of int16.
INLINE void pack_sums(const int32_t units[CK_UNITS], const float *scales, int32_t *block, size_t n) {
    f32x4 by_pair;
    i32x8 by_unit;
    memcpy(&by_pair, scales, sizeof by_pair);
    memcpy(&by_unit, units, sizeof by_unit);
    f32x8 sums = __builtin_shufflevector(by_pair, by_pair, 0, 0, 1, 1, 2, 2, 3, 3);
    sums *= __builtin_convertvector(by_unit, f32x8);
    // The scale may be NaN, the unit is zero then.
    sums = by_unit == 0 ? (f32x8)(0.0f) : sums;
    float scale = __builtin_reduce_max(__builtin_elementwise_abs(sums)) / INT16_MAX;
    memcpy(block + I_SUM_SCALE * n, &scale, sizeof scale);
    int32_t pairs[CK_UNITS / 2] = {0};
    if (scale >= FLT_MIN && scale <= FLT_MAX) {
        f32x8 rounded = __builtin_elementwise_roundeven(sums / scale);
        i16x8 words = __builtin_convertvector(__builtin_convertvector(rounded, i32x8), i16x8);
        memcpy(pairs, &words, sizeof pairs);
    }
    store_column(block + I_PAIRS * n, n, pairs, CK_UNITS / 2);
}

/// 256 values as one block of a column.
INLINE void pack_block(const float *x, int32_t *block, size_t n) {
    enum { SCALES = CK_BLOCK_DEPTH / SCALED };
    _Alignas(64) int8_t q[CK_BLOCK_DEPTH];
    int32_t halves[2 * CK_UNITS], units[CK_UNITS], minus[2 * CK_UNITS], words[CK_BLOCK_DEPTH / 4];
    float scales[SCALES];
    for (size_t i = 0; i < SCALES; i++) scales[i] = quantize(x + i * SCALED, q + i * SCALED, halves + 4 * i);
    memcpy(words, scales, sizeof scales);
    store_column(block + I_SCALES * n, n, words, SCALES);
    for (size_t h = 0; h < 2 * CK_UNITS; h++) minus[h] = -halves[h] * (1 << HALVES_BITS);
    store_column(block + I_HALVES * n, n, minus, 2 * CK_UNITS);
    for (size_t j = 0; j < CK_UNITS; j++) {
        units[j] = halves[2 * j] + halves[2 * j + 1];
        minus[j] = -units[j] * (1 << UNITS_BITS);
    }
    store_column(block + I_UNITS * n, n, minus, CK_UNITS);
    pack_sums(units, scales, block, n);
    memcpy(words, q, sizeof q);
    store_column(block + I_VALUES * n, n, words, CK_BLOCK_DEPTH / 4);
}

static size_t integer_bytes(size_t depth) { return blocks_of(depth) * I_WORDS * 4; }

static void integer_pack(
    void *operands, size_t depth, size_t columns, size_t column, size_t first, const float *values, size_t count) {
    size_t group = column / INTEGER_COLUMNS * INTEGER_COLUMNS, n = columns - group < INTEGER_COLUMNS ? columns - group : INTEGER_COLUMNS;
    int32_t *block = (int32_t *)operands + group * blocks_of(depth) * I_WORDS + first / CK_BLOCK_DEPTH * I_WORDS * n;
    size_t done = 0;
    for (; done + CK_BLOCK_DEPTH <= count; done += CK_BLOCK_DEPTH) {
        pack_block(values + done, block + column - group, n);
        block += I_WORDS * n;
    }
    if (done == count) return;
    float last[CK_BLOCK_DEPTH] = {0};
    memcpy(last, values + done, (count - done) * sizeof *values);
    pack_block(last, block + column - group, n);
}

static void integer_unpack(const void *operands, size_t depth, size_t columns, size_t column, float *values) {
    size_t group = column / INTEGER_COLUMNS * INTEGER_COLUMNS, n = columns - group < INTEGER_COLUMNS ? columns - group : INTEGER_COLUMNS;
    const int32_t *block = (const int32_t *)operands + group * blocks_of(depth) * I_WORDS + column - group;
    for (size_t i = 0; i < depth; i++) {
        const int32_t *at = block + i / CK_BLOCK_DEPTH * I_WORDS * n;
        const int8_t *bytes = (const int8_t *)(at + (I_VALUES + i % CK_BLOCK_DEPTH / 4) * n);
        values[i] = float_at(at + i % CK_BLOCK_DEPTH / SCALED * n) * (float)bytes[i % 4];
    }
}
