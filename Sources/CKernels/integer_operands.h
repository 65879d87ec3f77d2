// Activations as int8 operands (integer_kernels.h, which includes this file, has their layout).

INLINE size_t blocks_of(size_t depth) { return (depth + CK_BLOCK_DEPTH - 1) / CK_BLOCK_DEPTH; }

typedef int8_t i8x16 __attribute__((ext_vector_type(16)));

INLINE int32_t sum_of_bytes(const int8_t *q) {
    return __builtin_reduce_add(__builtin_convertvector(*(const i8x16 *)q, i32x16));
}

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

/// Values (count, at most SCALED) to bytes and their scale. A NaN or an infinity makes the scale NaN.
INLINE float quantize(const float *x, size_t count, int8_t *q) {
    bool finite;
    float largest = largest_magnitude(x, count, &finite);
    // What is so small that its inverse would overflow counts as nothing.
    bool zero = largest < 127 * FLT_MIN;
    float inverse = finite && !zero ? 127 / largest : 0;
    for (size_t i = 0; finite && !zero && i < count; i += 16) {
        f32x16 rounded = __builtin_elementwise_roundeven(load(x + i) * inverse);
        *(i8x16 *)(q + i) = __builtin_convertvector(__builtin_convertvector(rounded, i32x16), i8x16);
    }
    return finite ? largest / 127 : NAN;
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
    float scales[CK_BLOCK_DEPTH / SCALED];
    for (size_t i = 0; i < CK_BLOCK_DEPTH / SCALED; i++) {
        size_t first = i * SCALED, left = count > first ? count - first : 0;
        scales[i] = quantize(x + first, left < SCALED ? left : SCALED, q + first);
        memcpy(block + i * n, &scales[i], sizeof(float));
    }
    int32_t units[CK_UNITS];
    for (size_t j = 0; j < CK_UNITS; j++) {
        int32_t low = sum_of_bytes(q + j * CK_UNIT), high = sum_of_bytes(q + j * CK_UNIT + 16);
        block[(I_HALVES + 2 * j) * n] = -low * (1 << HALVES_BITS);
        block[(I_HALVES + 2 * j + 1) * n] = -high * (1 << HALVES_BITS);
        units[j] = low + high;
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
