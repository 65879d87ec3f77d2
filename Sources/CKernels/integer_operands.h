// Activations as int8 operands (integer_kernels.h, which includes this file, has their layout).

INLINE size_t blocks_of(size_t depth) { return (depth + CK_BLOCK_DEPTH - 1) / CK_BLOCK_DEPTH; }

typedef int8_t i8x16 __attribute__((ext_vector_type(16)));
typedef int8_t i8x64 __attribute__((ext_vector_type(64)));
typedef int16_t i16x32 __attribute__((ext_vector_type(32)));
typedef int16_t i16x8 __attribute__((ext_vector_type(8)));
typedef int32_t i32x8 __attribute__((ext_vector_type(8)));

/// Values (count) to a column's block, each a row of n words behind the one before. The compiler would make that a
/// scatter, which takes longer than stores.
INLINE void store_column(int32_t *place, size_t n, const int32_t *values, size_t count) {
#pragma clang loop vectorize(disable)
    for (size_t i = 0; i < count; i++) place[i * n] = values[i];
}

/// The largest of the four lanes of each quarter, in all of them.
INLINE i32x16 largest_of_quarters(i32x16 v) {
    i32x16 twos = __builtin_shufflevector(v, v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    v = __builtin_elementwise_max(v, twos);
    i32x16 fours = __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    return __builtin_elementwise_max(v, fours);
}

/// The largest lane of each of four vectors, in all lanes of its quarter.
INLINE i32x16 largest_of_each(const i32x16 v[4]) {
#define EIGHTHS(a, b, i) __builtin_shufflevector(a, b, i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7, \
    i + 16, i + 17, i + 18, i + 19, i + 20, i + 21, i + 22, i + 23)
#define QUARTERS(a, b, i) __builtin_shufflevector(a, b, i, i + 1, i + 2, i + 3, i + 8, i + 9, i + 10, i + 11, \
    i + 16, i + 17, i + 18, i + 19, i + 24, i + 25, i + 26, i + 27)
    i32x16 low = __builtin_elementwise_max(EIGHTHS(v[0], v[1], 0), EIGHTHS(v[0], v[1], 8));
    i32x16 high = __builtin_elementwise_max(EIGHTHS(v[2], v[3], 0), EIGHTHS(v[2], v[3], 8));
    return largest_of_quarters(__builtin_elementwise_max(QUARTERS(low, high, 0), QUARTERS(low, high, 4)));
#undef EIGHTHS
#undef QUARTERS
}

/// The sums of two and two lanes side by side.
INLINE i32x16 sums_of_twos(i32x16 a, i32x16 b) {
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
        + __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
}

/// The sums of sixteen and sixteen bytes of a block.
INLINE i32x16 sums_of_halves(const i8x64 bytes[4]) {
    i32x16 fours[4];
    for (size_t i = 0; i < 4; i++) {
        i16x32 words = (i16x32)bytes[i];
        i32x16 twos = (i32x16)((words << 8 >> 8) + (words >> 8));
        fours[i] = (twos << 16 >> 16) + (twos >> 16);
    }
    return sums_of_twos(sums_of_twos(fours[0], fours[1]), sums_of_twos(fours[2], fours[3]));
}

enum { SCALES = CK_BLOCK_DEPTH / SCALED };  // of a block; each has a quarter of a vector's lanes

/// A block's values as bytes, by their inverse scales.
INLINE void round_to_bytes(const float *x, f32x16 inverse, i8x64 q[SCALES]) {
#pragma clang loop unroll(full)
    for (size_t i = 0; i < SCALES; i++) {
        i8x16 bytes[4];
#pragma clang loop unroll(full)
        for (size_t k = 0; k < 4; k++) {
            f32x16 scaled = load(x + i * SCALED + 16 * k) * inverse[4 * i];
            bytes[k] = __builtin_convertvector(
                __builtin_convertvector(__builtin_elementwise_roundeven(scaled), i32x16), i8x16);
        }
        memcpy(&q[i], bytes, sizeof bytes);
    }
}

/// The largest magnitudes of a block's values that share a scale, each in a quarter of the lanes. As integers, so that a
/// NaN is larger than all numbers.
INLINE f32x16 magnitudes_of(const float *x) {
    i32x16 tops[SCALES];
    for (size_t i = 0; i < SCALES; i++) {
        tops[i] = 0;
        for (size_t k = 0; k < SCALED; k += 16) {
            i32x16 bits = (i32x16)load(x + i * SCALED + k) & 0x7fffffff;
            tops[i] = __builtin_elementwise_max(tops[i], bits);
        }
    }
    return (f32x16)largest_of_each(tops);
}

/// Values of a block to bytes, their scales, each in a quarter of the lanes, and the sums of the halves of their units.
/// A NaN or an infinity makes the scale NaN.
INLINE f32x16 quantize(const float *x, i8x64 q[SCALES], i32x16 *halves) {
    f32x16 largest = magnitudes_of(x), scale = largest / 127;
    // The inverse of less would overflow: it counts as nothing, as what is not finite.
    i32x16 none = (i32x16)(largest < 127 * FLT_MIN) | ((i32x16)largest >= 0x7f800000);
    f32x16 inverse = 127 / largest;
    float cleared[CK_BLOCK_DEPTH];
    if (__builtin_reduce_or(none) != 0) {
        for (size_t i = 0; i < CK_BLOCK_DEPTH; i++) cleared[i] = none[i / SCALED * 4] ? 0 : x[i];
        x = cleared;
        scale = choose((i32x16)largest >= 0x7f800000, (f32x16)NAN, scale);
        inverse = choose(none, (f32x16)(0.0f), inverse);
    }
    round_to_bytes(x, inverse, q);
    *halves = sums_of_halves(q);
    i8x64 magnitudes[SCALES];
    for (size_t i = 0; i < SCALES; i++) magnitudes[i] = __builtin_elementwise_abs(q[i]);
    i32x16 sums = sums_of_halves(magnitudes);
    if (__builtin_reduce_max(sums) <= HALF_BYTES) return scale;
    // Rounding adds at most 8 to a half's magnitudes, the first time as the second.
    i32x16 most = largest_of_quarters(sums), over = most > HALF_BYTES;
    f32x16 smaller = inverse * ((float)(HALF_BYTES - 8) / __builtin_convertvector(most + 8, f32x16));
    scale = choose(over, 1 / smaller, scale);
    round_to_bytes(x, choose(over, smaller, inverse), q);
    *halves = sums_of_halves(q);
    return scale;
}

/// The sums of units with one scale for all of them, as pairs of int16.
INLINE void pack_sums(i32x8 units, f32x16 scales, int32_t *block, size_t n) {
    f32x8 sums = __builtin_shufflevector(scales, scales, 0, 0, 4, 4, 8, 8, 12, 12);
    sums *= __builtin_convertvector(units, f32x8);
    // The scale may be NaN, the unit is zero then.
    sums = units == 0 ? (f32x8)(0.0f) : sums;
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

/// 256 values as one block of a column. All of it in registers: what is stored in pieces and loaded whole waits for the
/// cache.
INLINE void pack_block(const float *x, int32_t *block, size_t n) {
    i8x64 q[SCALES];
    i32x16 halves;
    f32x16 scales = quantize(x, q, &halves);
    i32x8 units = __builtin_shufflevector(halves, halves, 0, 2, 4, 6, 8, 10, 12, 14)
        + __builtin_shufflevector(halves, halves, 1, 3, 5, 7, 9, 11, 13, 15);
    int32_t words[CK_BLOCK_DEPTH / 4];
    f32x4 four = __builtin_shufflevector(scales, scales, 0, 4, 8, 12);
    memcpy(words, &four, sizeof four);
    store_column(block + I_SCALES * n, n, words, SCALES);
    pack_sums(units, scales, block, n);
    units *= -(1 << UNITS_BITS);
    memcpy(words, &units, sizeof units);
    store_column(block + I_UNITS * n, n, words, CK_UNITS);
    halves *= -(1 << HALVES_BITS);
    memcpy(words, &halves, sizeof halves);
    store_column(block + I_HALVES * n, n, words, 2 * CK_UNITS);
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
