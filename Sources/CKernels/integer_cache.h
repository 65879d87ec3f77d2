// Keys and values in 8 bits, about half the bytes of bf16, for every instruction set of integer_kernels.h. A key or
// value vector of one head has one bf16 scale; its numbers are kept with an offset of 128, as products take unsigned
// operands on that side.
//
//   keys          [64 / 16][head_size / 4][16 positions][4] u8
//   values        [head_size / 16][64 / 4][16 dimensions][4 positions] u8
//   scales        [64] bf16 of the keys, [64] bf16 of the values
//
// The other side of a product, queries and the softmax's weights, is cut into two bytes, high + low / 254: 15 bits, so
// that all of the error is that of the stored bytes. Integer sums are exact, so no order of additions matters.

enum { SPLIT_COLUMNS = 4, POSITION_GROUPS = CK_BLOCK / 4 };

/// Columns of 15-bit numbers, for one group of SPLIT_COLUMNS: [depth / 4][columns] of the high and of the low bytes.
typedef struct {
    int32_t *high, *low;
    float scale[SPLIT_COLUMNS];
    int32_t high_sum[SPLIT_COLUMNS], low_sum[SPLIT_COLUMNS];  // minus 2^UNITS_BITS times the sums of the bytes
} split;

static size_t integer_block_bytes(size_t head_size) { return 2 * CK_BLOCK * head_size + 4 * CK_BLOCK; }

INLINE const uint16_t *key_scales(const uint8_t *block, size_t head_size) {
    return (const uint16_t *)(block + 2 * CK_BLOCK * head_size);
}

/// The largest magnitude of values (count). As integers, so that a NaN is larger than all numbers.
INLINE float largest_magnitude(const float *x, size_t count, bool *finite) {
    u32x16 top = 0;
    for (size_t i = 0; i < count; i += 16) top = __builtin_elementwise_max(top, (u32x16)load(x + i) & 0x7fffffff);
    uint32_t bits = __builtin_reduce_max(top);
    float largest;
    memcpy(&largest, &bits, sizeof largest);
    *finite = bits < 0x7f800000;
    return largest;
}

/// The scale of a stored vector: the least bf16 that is no less than largest / 127. NaN if the vector is not finite.
INLINE uint16_t stored_scale(const float *x, size_t count, float *inverse) {
    bool finite;
    float scale = largest_magnitude(x, count, &finite) / 127;
    uint32_t bits;
    memcpy(&bits, &scale, sizeof bits);
    bits = finite ? (bits + 0xffff) & 0xffff0000 : 0x7fc00000;
    memcpy(&scale, &bits, sizeof scale);
    *inverse = finite && scale >= FLT_MIN ? 1 / scale : 0;
    return (uint16_t)(bits >> 16);
}

INLINE uint8_t stored_byte(float x, float inverse) {
    return inverse == 0 ? 128 : (uint8_t)(128 + (int)__builtin_roundevenf(x * inverse));
}

static void integer_append(uint8_t *block, size_t head_size, size_t slot, const float *key, const float *value) {
    uint8_t *keys = block + slot / CK_STRIP * head_size * CK_STRIP + slot % CK_STRIP * 4;
    uint8_t *values = block + CK_BLOCK * head_size + slot / 4 * 64 + slot % 4;
    uint16_t *scales = (uint16_t *)(block + 2 * CK_BLOCK * head_size);
    float inverse;
    scales[slot] = stored_scale(key, head_size, &inverse);
    for (size_t i = 0; i < head_size; i++) keys[i / 4 * 64 + i % 4] = stored_byte(key[i], inverse);
    scales[CK_BLOCK + slot] = stored_scale(value, head_size, &inverse);
    for (size_t i = 0; i < head_size; i++) {
        values[i / 16 * POSITION_GROUPS * 64 + i % 16 * 4] = stored_byte(value[i], inverse);
    }
}

/// Cuts values (count, a multiple of 16) into column c of n.
INLINE void split_column(split *s, size_t c, size_t n, const float *x, size_t count) {
    bool finite;
    float largest = largest_magnitude(x, count, &finite);
    float inverse = finite && largest >= 127 * FLT_MIN ? 127 / largest : 0;
    s->scale[c] = finite ? largest / 127 : NAN;
    i32x16 high_sum = 0, low_sum = 0;
    for (size_t i = 0; i < count; i += 16) {
        f32x16 scaled = inverse == 0 ? (f32x16)(0.0f) : load(x + i) * inverse;
        f32x16 whole = __builtin_elementwise_roundeven(scaled);
        i32x16 high = __builtin_convertvector(whole, i32x16);
        i32x16 low = __builtin_convertvector(__builtin_elementwise_roundeven((scaled - whole) * 254), i32x16);
        high_sum += high;
        low_sum += low;
        i8x16 bytes[2] = {__builtin_convertvector(high, i8x16), __builtin_convertvector(low, i8x16)};
        int32_t words[8];
        memcpy(words, bytes, sizeof words);
        for (size_t k = 0; k < 4; k++) {
            s->high[(i / 4 + k) * n + c] = words[k];
            s->low[(i / 4 + k) * n + c] = words[4 + k];
        }
    }
    s->high_sum[c] = -__builtin_reduce_add(high_sum) * (1 << UNITS_BITS);
    s->low_sum[c] = -__builtin_reduce_add(low_sum) * (1 << UNITS_BITS);
}

/// 16 rows of stored bytes (depth / 4 vectors) by n split columns: LANES products each, in units of the stored scales.
INLINE void split_tile(const int n, const uint8_t *rows, size_t part, size_t groups, const split *s, vf *out) {
    vi high[SPLIT_COLUMNS], low[SPLIT_COLUMNS];
#pragma clang loop unroll(full)
    for (int c = 0; c < n; c++) {
        high[c] = start(CK_Q8_0, s->high_sum[c]);
        low[c] = start(CK_Q8_0, s->low_sum[c]);
    }
    for (size_t k = 0; k < groups; k++) {
        vb w = vector_at(rows, k, part);
#pragma clang loop unroll(full)
        for (int c = 0; c < n; c++) {
            high[c] = dots(high[c], &w, 1, s->high + k * (size_t)n + (size_t)c, 0, 8);
            low[c] = dots(low[c], &w, 1, s->low + k * (size_t)n + (size_t)c, 0, 8);
        }
    }
#pragma clang loop unroll(full)
    for (int c = 0; c < n; c++) {
        out[c] = fused(floats(low[c]), splat(1.0f / 254), floats(high[c])) * splat(s->scale[c]);
    }
}

/// scores[c * CK_BLOCK + t] for the positions of `groups` sixteens.
INLINE void split_scores(
    const int n, const uint8_t *block, ck_ahead next, size_t d, size_t groups, const split *s, float *scores) {
    const uint16_t *scales = key_scales(block, d);
    for (size_t g = 0; g < CK_BLOCK / CK_STRIP; g++) {
        ask_keys(next, g, d * CK_STRIP);
        if (g >= groups) continue;
        for (size_t part = 0; part < CK_STRIP / LANES; part++) {
            vf out[SPLIT_COLUMNS];
            split_tile(n, block + g * d * CK_STRIP, part, d / 4, s, out);
            size_t t = g * CK_STRIP + part * LANES;
            vf scale = bfloats(scales + t);
            for (int c = 0; c < n; c++) *(vf_unaligned *)(scores + (size_t)c * CK_BLOCK + t) = out[c] * scale;
        }
    }
}

/// output[c * d + i] += values weighted by the split columns, over the positions of `groups` fours.
INLINE void split_values(
    const int n, const uint8_t *block, ck_ahead next, size_t d, size_t groups, const split *s, float *output) {
    const uint8_t *values = block + CK_BLOCK * d;
    for (size_t i = 0; i < d; i += CK_STRIP) {
        ask_values(next, CK_BLOCK * d + i * CK_BLOCK, 4);
        for (size_t part = 0; part < CK_STRIP / LANES; part++) {
            vf out[SPLIT_COLUMNS];
            split_tile(n, values + i * CK_BLOCK, part, groups, s, out);
            for (int c = 0; c < n; c++) {
                vf_unaligned *place = (vf_unaligned *)(output + (size_t)c * d + i + part * LANES);
                *place = *place + out[c];
            }
        }
    }
}

#define SPLIT_CASE(function, n, ...) \
    case n: function(n, __VA_ARGS__); break;
#define SPLIT(function, columns, ...)                                                          \
    switch (columns) {                                                                         \
        SPLIT_CASE(function, 1, __VA_ARGS__) SPLIT_CASE(function, 2, __VA_ARGS__)              \
        SPLIT_CASE(function, 3, __VA_ARGS__) SPLIT_CASE(function, 4, __VA_ARGS__)              \
    }

// Scratch of one attention item, for `vectors` = rows * group queries in groups of SPLIT_COLUMNS:
//   columns  (groups) split: queries, then one for the weights of a block
//   bytes    of them: [head_size / 4][SPLIT_COLUMNS] twice a group, [64 / 4][SPLIT_COLUMNS] twice
//   scores   (SPLIT_COLUMNS, 64) f32
//   running
typedef struct {
    split *queries, *weights;
    float *scores;
    running running;
} integer_memory;

INLINE size_t split_groups(size_t group) { return (CK_SPAN * group + SPLIT_COLUMNS - 1) / SPLIT_COLUMNS; }

static size_t integer_attention_scratch(size_t head_size, size_t group) {
    size_t groups = split_groups(group), vectors = groups * SPLIT_COLUMNS;
    return (groups + 1) * sizeof(split) + (groups * head_size + CK_BLOCK) / 4 * SPLIT_COLUMNS * 2 * sizeof(int32_t)
        + (vectors * head_size + SPLIT_COLUMNS * CK_BLOCK + 2 * vectors) * sizeof(float) + 64;
}

INLINE integer_memory carve_integers(const ck_attention *a) {
    size_t d = a->head_size, groups = split_groups(a->group), vectors = groups * SPLIT_COLUMNS;
    integer_memory m;
    m.running.outputs = a->scratch;
    m.scores = m.running.outputs + vectors * d;
    m.running.maxima = m.scores + SPLIT_COLUMNS * CK_BLOCK;
    m.running.sums = m.running.maxima + vectors;
    int32_t *bytes = (int32_t *)(m.running.sums + vectors);
    m.queries = (split *)(bytes + (groups * d + CK_BLOCK) / 4 * SPLIT_COLUMNS * 2);
    m.weights = m.queries + groups;
    for (size_t g = 0; g <= groups; g++) {
        size_t words = (g < groups ? d : CK_BLOCK) / 4 * SPLIT_COLUMNS;
        m.queries[g].high = bytes;
        m.queries[g].low = bytes + words;
        bytes += 2 * words;
    }
    return m;
}

/// Queries go in scaled by 1 / sqrt(head_size).
INLINE void split_queries(const ck_attention *a, const void *memory, size_t first_row, size_t rows) {
    const integer_memory *m = memory;
    size_t vectors = rows * a->group, d = a->head_size;
    for (size_t v = 0; v < vectors; v++) {
        size_t c = v % SPLIT_COLUMNS, n = vectors - (v - c);
        split *s = &m->queries[v / SPLIT_COLUMNS];
        split_column(s, c, n < SPLIT_COLUMNS ? n : SPLIT_COLUMNS, query_of(a, first_row, v), d);
        s->scale[c] *= 1 / sqrtf((float)d);
    }
}

INLINE void attend_integers(
    const ck_attention *a, const void *memory, running r, const uint8_t *block, ck_ahead next, size_t position,
    size_t first, size_t rows) {
    const integer_memory *m = memory;
    size_t d = a->head_size, vectors = rows * a->group;
    const uint16_t *value_scales = key_scales(block, d) + CK_BLOCK;
    if (next.positions > 0) ask((const uint8_t *)key_scales(next.block, d), 4 * CK_BLOCK);
    for (size_t begin = 0; begin < vectors; begin += SPLIT_COLUMNS) {
        size_t width = vectors - begin < SPLIT_COLUMNS ? vectors - begin : SPLIT_COLUMNS;
        // What any query of the group sees.
        size_t limit = visible_at(position + (begin + width - 1) / a->group, first);
        SPLIT(split_scores, width, block, next, d, (limit + 15) / 16, &m->queries[begin / SPLIT_COLUMNS], m->scores)
        for (size_t c = 0; c < width; c++) {
            size_t v = begin + c, visible = visible_at(position + v / a->group, first);
            float *scores = m->scores + c * CK_BLOCK;
            soften(scores, visible, r.maxima + v, r.sums + v, r.outputs + v * d, d);
            // Past `visible` a scale may be anything that an earlier owner left.
            for (size_t t = 0; t < visible; t++) scores[t] *= bfloat(value_scales[t]);
            split_column(m->weights, c, width, scores, CK_BLOCK);
        }
        SPLIT(split_values, width, block, next, d, (limit + 3) / 4, m->weights, r.outputs + begin * d)
        next.positions = 0;
    }
}

static void integer_attend(const ck_attention *a) {
    integer_memory m = carve_integers(a);
    attend_parts(a, split_queries, attend_integers, &m, m.running);
}
