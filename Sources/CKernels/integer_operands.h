// Activations as int8 operands (integer_kernels.h, which includes this file, has their layout).

INLINE size_t blocks_of(size_t depth) { return (depth + CK_BLOCK_DEPTH - 1) / CK_BLOCK_DEPTH; }

typedef int8_t i8x16 __attribute__((ext_vector_type(16)));

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

/// Values (count, at most SCALED) to bytes and the sums of the halves of their units. Returns the largest sum of
/// magnitudes of a half.
INLINE int32_t round_to_bytes(const float *x, size_t count, float inverse, int8_t *q, int32_t *halves) {
    int32_t most = 0;
    for (size_t i = 0; i < count; i += 16) {
        i32x16 rounded = __builtin_convertvector(__builtin_elementwise_roundeven(load(x + i) * inverse), i32x16);
        *(i8x16 *)(q + i) = __builtin_convertvector(rounded, i8x16);
        halves[i / 16] = __builtin_reduce_add(rounded);
        int32_t magnitudes = __builtin_reduce_add(__builtin_elementwise_abs(rounded));
        if (magnitudes > most) most = magnitudes;
    }
    return most;
}

/// Values (count, at most SCALED) to bytes, their scale, and the sums of halves of units, which are zeros before. A NaN
/// or an infinity makes the scale NaN.
INLINE float quantize(const float *x, size_t count, int8_t *q, int32_t *halves) {
    bool finite;
    float largest = largest_magnitude(x, count, &finite);
    if (!finite) return NAN;
    if (largest < 127 * FLT_MIN) return largest / 127;  // its inverse would overflow: counts as nothing
    float inverse = 127 / largest;
    int32_t most = round_to_bytes(x, count, inverse, q, halves);
    if (most <= HALF_BYTES) return largest / 127;
    // Rounding adds at most 8 to a half's magnitudes, the first time as the second.
    inverse *= (float)(HALF_BYTES - 8) / (float)(most + 8);
    round_to_bytes(x, count, inverse, q, halves);
    return 1 / inverse;
}

/// The sums of units with one scale for all of them, as pairs of int16.
INLINE void pack_sums(const int32_t *units, const float *scales, int32_t *block, size_t n) {
    float sums[CK_UNITS], largest = 0;
    for (size_t j = 0; j < CK_UNITS; j++) {
        sums[j] = units[j] == 0 ? 0 : scales[j / 2] * (float)units[j];  // the scale may be NaN, the unit is zero then
        largest = fmaxf(largest, fabsf(sums[j]));
    }
    float scale = largest / INT16_MAX;
    bool none = scale < FLT_MIN || scale > FLT_MAX;
    memcpy(block + I_SUM_SCALE * n, &scale, sizeof scale);
    for (size_t p = 0; p < CK_UNITS / 2; p++) {
        int32_t low = none ? 0 : (int32_t)rintf(sums[2 * p] / scale);
        int32_t high = none ? 0 : (int32_t)rintf(sums[2 * p + 1] / scale);
        block[(I_PAIRS + p) * n] = (int32_t)((uint32_t)(low & 0xffff) | (uint32_t)high << 16);
    }
}

/// 256 values, or fewer and zeros, as one block of a column.
INLINE void pack_block(const float *x, size_t count, int32_t *block, size_t n) {
    _Alignas(64) int8_t q[CK_BLOCK_DEPTH] = {0};
    int32_t halves[2 * CK_UNITS] = {0}, units[CK_UNITS];
    float scales[CK_BLOCK_DEPTH / SCALED];
    for (size_t i = 0; i < CK_BLOCK_DEPTH / SCALED; i++) {
        size_t first = i * SCALED, left = count > first ? count - first : 0;
        scales[i] = quantize(x + first, left < SCALED ? left : SCALED, q + first, halves + first / 16);
        memcpy(block + i * n, &scales[i], sizeof(float));
    }
    for (size_t h = 0; h < 2 * CK_UNITS; h++) block[(I_HALVES + h) * n] = -halves[h] * (1 << HALVES_BITS);
    for (size_t j = 0; j < CK_UNITS; j++) {
        units[j] = halves[2 * j] + halves[2 * j + 1];
        block[(I_UNITS + j) * n] = -units[j];
    }
    pack_sums(units, scales, block, n);
    for (size_t k = 0; k < 64; k++) memcpy(block + (I_VALUES + k) * n, q + 4 * k, 4);
}

static size_t integer_bytes(size_t depth) { return blocks_of(depth) * I_WORDS * 4; }

static void integer_pack(
    void *operands, size_t depth, size_t columns, size_t column, size_t first, const float *values, size_t count) {
    size_t group = column / INTEGER_COLUMNS * INTEGER_COLUMNS, n = columns - group < INTEGER_COLUMNS ? columns - group : INTEGER_COLUMNS;
    int32_t *block = (int32_t *)operands + group * blocks_of(depth) * I_WORDS + first / CK_BLOCK_DEPTH * I_WORDS * n;
    for (size_t done = 0; done < count; done += CK_BLOCK_DEPTH) {
        size_t left = count - done < CK_BLOCK_DEPTH ? count - done : CK_BLOCK_DEPTH;
        pack_block(values + done, left, block + column - group, n);
        block += I_WORDS * n;
    }
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
