// The kernels of every table with bf16 panels, written once over 16-lane vectors. An instruction set's file
// defines before it includes this one:
//   TABLE            name of the ck_table
//   NAME             its name as a string
//   STRIPS, COLUMNS  the widest tile: strips of 16 rows, columns
//   operand          two activations, consecutive in depth
//   wide             16 rows x 2 depths of weights, ready to multiply
//   widen(u32x16), dot(f32x16, wide, operand), narrow(const float *, uint16_t *),
//   spread_operands(operand *, stride, const float *, count), read_operand(operand, float[2]), supported()
//   squeeze(i32x16 mask, f32x16, i32x16 ids, float *, int32_t *)
//                    writes the masked lanes side by side, into 16 places; returns how many they are
//   FORM_NAME        of activations as operands
// and what integer_kernels.h wants.
//
// Panel: [strip][depth / 2][16 rows][2] bf16. Operands: groups of COLUMNS columns (the last may be narrower),
// each [depth / 2][columns of the group] operand.
// K of a block: [64 / 16][head_size / 2][16 positions][2] bf16, a panel of 64 rows.
// V of a block: [head_size / 16][64 / 2][16 dimensions][2] bf16, a panel of head_size rows and depth 64.

#include <float.h>
#include <math.h>
#include <string.h>

#include "include/dequantize.h"
#include "strips.h"

enum { V_PAIRS = CK_BLOCK / 2 };

INLINE f32x16 load(const float *p) { return *(const f32x16_unaligned *)p; }
INLINE void store(float *p, f32x16 v) { *(f32x16_unaligned *)p = v; }
INLINE i32x16 load_ids(const int32_t *p) { return *(const i32x16_unaligned *)p; }

/// mask is all ones or all zeros a lane.
INLINE f32x16 choose(i32x16 mask, f32x16 a, f32x16 b) {
    return (f32x16)((mask & (i32x16)a) | (~mask & (i32x16)b));
}

INLINE float sum_of(f32x16 v) {
    f32x8 a = v.lo + v.hi;
    f32x4 b = a.lo + a.hi;
    f32x2 c = b.lo + b.hi;
    return c.x + c.y;
}

INLINE float largest_of(f32x16 v) {
    f32x8 a = __builtin_elementwise_max(v.lo, v.hi);
    f32x4 b = __builtin_elementwise_max(a.lo, a.hi);
    f32x2 c = __builtin_elementwise_max(b.lo, b.hi);
    return c.x > c.y ? c.x : c.y;
}

/// e^x to about 2 ulp for x in -87 ... 88, clamped outside; exactly 1 at 0; NaN stays NaN.
INLINE f32x16 exp_of(f32x16 x) {
    const f32x16 low = -87, high = 88;
    x = choose(x < low, low, x);
    x = choose(x > high, high, x);
    f32x16 n = __builtin_elementwise_roundeven(x * 1.44269504f);
    f32x16 r = x - n * 0.693359375f;  // ln 2 in two parts: the first has few bits, so n * it is exact
    r = r + n * 2.12194440e-4f;
    f32x16 p = r * 1.9875691500e-4f + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.0f;
    i32x16 exponent = (__builtin_convertvector(n, i32x16) + 127) << 23;
    return p * (f32x16)exponent;
}

/// One tile of out = panel x operands: `strips` x `columns` sums live in registers, each a single chain over depth.
INLINE void tile(
    const int strips, const int columns, const u32x16 *panel, size_t strip_pairs, const operand *x, size_t pairs,
    float *out, size_t stride, bool add) {
    f32x16 sums[STRIPS][COLUMNS];
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) {
        for (int s = 0; s < strips; s++) sums[s][c] = (f32x16)(0.0f);
    }
    for (size_t k = 0; k < pairs; k++) {
        wide weights[STRIPS];
#pragma clang loop unroll(full)
        for (int s = 0; s < strips; s++) weights[s] = widen(panel[(size_t)s * strip_pairs + k]);
#pragma clang loop unroll(full)
        for (int c = 0; c < columns; c++) {
#pragma clang loop unroll(full)
            for (int s = 0; s < strips; s++) sums[s][c] = dot(sums[s][c], weights[s], x[c]);
        }
        x += columns;
    }
#pragma clang loop unroll(full)
    for (int c = 0; c < columns; c++) {
#pragma clang loop unroll(full)
        for (int s = 0; s < strips; s++) {
            float *place = out + (size_t)c * stride + (size_t)s * CK_STRIP;
            store(place, add ? load(place) + sums[s][c] : sums[s][c]);
        }
    }
}

#define TILE(n) \
    case n: tile(strips, n, panel, strip_pairs, x, pairs, out, stride, add); break;

INLINE void tile_of(
    const int strips, size_t columns, const u32x16 *panel, size_t strip_pairs, const operand *x, size_t pairs,
    float *out, size_t stride, bool add) {
    switch (columns) {
        TILE(1) TILE(2) TILE(3) TILE(4)
#if COLUMNS > 4
        TILE(5) TILE(6) TILE(7) TILE(8) TILE(9) TILE(10) TILE(11) TILE(12)
#endif
    }
}

/// All strips of a panel against one group of columns. Outlined: attention and products share its code.
static __attribute__((noinline)) void tiles(
    size_t strips, size_t columns, const u32x16 *panel, size_t strip_pairs, const operand *x, size_t pairs,
    float *out, size_t stride, bool add) {
    size_t s = 0;
    for (; s + STRIPS <= strips; s += STRIPS) {
        tile_of(STRIPS, columns, panel + s * strip_pairs, strip_pairs, x, pairs, out + s * CK_STRIP, stride, add);
    }
    for (; s < strips; s++) {
        tile_of(1, columns, panel + s * strip_pairs, strip_pairs, x, pairs, out + s * CK_STRIP, stride, add);
    }
}

static void panel_multiply(
    const void *panel, size_t depth, size_t first_strip, size_t strips, const void *operands, size_t columns,
    float *out, size_t stride, bool add) {
    size_t pairs = depth / 2;
    const u32x16 *weights = (const u32x16 *)panel + first_strip * pairs;
    // Column groups run inside a few strips, which stay in the second-level cache: memory sees a weight once.
    for (size_t s = 0; s < strips; s += STRIPS) {
        size_t count = strips - s < STRIPS ? strips - s : STRIPS;
        for (size_t c = 0; c < columns; c += COLUMNS) {
            size_t width = columns - c < COLUMNS ? columns - c : COLUMNS;
            const operand *x = (const operand *)operands + c * pairs;
            tiles(count, width, weights + s * pairs, pairs, x, pairs, out + c * stride + s * CK_STRIP, stride, add);
        }
    }
}

/// Writes values (count) as bf16 pairs into cells `stride` apart.
INLINE void spread(uint32_t *cells, size_t stride, const float *values, size_t count) {
    for (size_t i = 0; i < count; i += 16) {
        uint16_t halves[16];
        uint32_t pairs[8];
        narrow(values + i, halves);
        memcpy(pairs, halves, sizeof pairs);
        for (size_t j = 0; j < 8; j++) cells[(i / 2 + j) * stride] = pairs[j];
    }
}

static size_t panel_bytes(size_t depth) { return CK_STRIP * depth * 2; }

static void panel_lay(
    void *strip, size_t depth, ck_type type, size_t stored, const void *const rows[CK_STRIP], float *scratch) {
    for (size_t r = 0; r < CK_STRIP; r++) {
        if (!rows[r]) continue;
        ck_dequantize(type, rows[r], scratch, stored);
        spread((uint32_t *)strip + r, CK_STRIP, scratch, depth);
    }
}

static void panel_row(const void *panel, size_t depth, size_t row, float *values) {
    const uint32_t *cells = (const uint32_t *)panel + row / CK_STRIP * (depth / 2) * CK_STRIP + row % CK_STRIP;
    for (size_t i = 0; i < depth / 2; i++) {
        uint32_t pair[2] = {cells[i * CK_STRIP] << 16, cells[i * CK_STRIP] & 0xffff0000};
        memcpy(values + 2 * i, pair, sizeof pair);
    }
}

static void pack(
    void *operands, size_t depth, size_t columns, size_t column, size_t first, const float *values, size_t count) {
    size_t group = column / COLUMNS * COLUMNS;
    size_t width = columns - group < COLUMNS ? columns - group : COLUMNS;
    operand *cells = (operand *)operands + group * (depth / 2) + first / 2 * width + (column - group);
    spread_operands(cells, width, values, count);
}

static void unpack_column(const void *operands, size_t depth, size_t columns, size_t column, float *values) {
    size_t group = column / COLUMNS * COLUMNS;
    size_t width = columns - group < COLUMNS ? columns - group : COLUMNS;
    const operand *cells = (const operand *)operands + group * (depth / 2) + (column - group);
    for (size_t i = 0; i < depth / 2; i++) read_operand(cells[i * width], values + 2 * i);
}

static size_t column_bytes(size_t depth) { return depth / 2 * sizeof(operand); }

static const ck_format panel_format = {
    .name = "BF16",
    .form = CK_FLOATS,
    .strip_bytes = panel_bytes,
    .lay = panel_lay,
    .row = panel_row,
    .multiply = panel_multiply,
};

#include "integer_kernels.h"

static void norm(float *out, const float *x, const float *weight, float epsilon, size_t count) {
    f32x16 squares[2] = {(f32x16)(0.0f), (f32x16)(0.0f)};
    for (size_t i = 0; i < count; i += 16) {
        f32x16 v = load(x + i);
        squares[i / 16 % 2] += v * v;
    }
    float scale = 1 / sqrtf(sum_of(squares[0] + squares[1]) / (float)count + epsilon);
    for (size_t i = 0; i < count; i += 16) store(out + i, load(x + i) * scale * load(weight + i));
}

static void gate_with(float *out, const float *gate, const float *up, size_t count) {
    for (size_t i = 0; i < count; i += 16) {
        f32x16 g = load(gate + i);
        store(out + i, g / (1.0f + exp_of(-g)) * load(up + i));
    }
}

static size_t block_bytes(size_t head_size) { return 2 * CK_BLOCK * head_size * 2; }

static void append(uint8_t *block, size_t head_size, size_t slot, const float *key, const float *value) {
    uint32_t *keys = (uint32_t *)block + slot / CK_STRIP * (head_size / 2) * CK_STRIP + slot % CK_STRIP;
    spread(keys, CK_STRIP, key, head_size);
    uint16_t *values = (uint16_t *)block + CK_BLOCK * head_size;
    for (size_t i = 0; i < head_size; i += 16) {
        uint16_t halves[16];
        narrow(value + i, halves);
        uint16_t *cells = values + (i / 16 * V_PAIRS + slot / 2) * 32;
        for (size_t j = 0; j < 16; j++) {
            cells[2 * j + slot % 2] = halves[j];
            // The odd half of a pair is read with weight zero before it is written: it must not be a stale NaN.
            if (slot % 2 == 0) cells[2 * j + 1] = 0;
        }
    }
}

/// Folds the scores of one block into one query's running softmax and leaves the block's weights in `scores`.
INLINE void soften(float *scores, size_t visible, float *maximum, float *sum, float *output, size_t head_size) {
    const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    const f32x16 nothing = -FLT_MAX, zero = 0;
    f32x16 s[4], top = nothing;
    for (int i = 0; i < 4; i++) {
        s[i] = choose(lane + 16 * i < (int)visible, load(scores + 16 * i), nothing);
        top = __builtin_elementwise_max(top, s[i]);
    }
    float block_maximum = largest_of(top);
    if (block_maximum > *maximum) {
        f32x16 correction = exp_of((f32x16)(*maximum - block_maximum));
        for (size_t i = 0; i < head_size; i += 16) store(output + i, load(output + i) * correction);
        *sum *= correction.x;
        *maximum = block_maximum;
    }
    f32x16 total = zero;
    for (int i = 0; i < 4; i++) {
        f32x16 weight = choose(lane + 16 * i < (int)visible, exp_of(s[i] - *maximum), zero);
        total += weight;
        store(scores + 16 * i, weight);
    }
    *sum += sum_of(total);
}

// Scratch of one attention item, for `vectors` = rows * group queries:
//   queries        operands, groups of COLUMNS vectors, depth head_size
//   probabilities  operands, one group, depth 64
//   output         (vectors, head_size) f32
//   scores         (COLUMNS, 64) f32
//   maxima, sums   (vectors) f32 each
typedef struct {
    operand *queries, *probabilities;
    float *output, *scores, *maxima, *sums;
} attention_memory;

static size_t attention_scratch(size_t head_size, size_t group) {
    size_t vectors = (CK_SPAN * group + 15) / 16 * 16;
    return vectors * head_size / 2 * sizeof(operand) + COLUMNS * V_PAIRS * sizeof(operand)
        + (vectors * head_size + COLUMNS * CK_BLOCK + 2 * vectors) * sizeof(float);
}

INLINE attention_memory carve(void *scratch, size_t head_size, size_t group) {
    size_t vectors = (CK_SPAN * group + 15) / 16 * 16;
    attention_memory m;
    m.output = scratch;
    m.scores = m.output + vectors * head_size;
    m.maxima = m.scores + COLUMNS * CK_BLOCK;
    m.sums = m.maxima + vectors;
    m.queries = (operand *)(m.sums + vectors);
    m.probabilities = m.queries + vectors * head_size / 2;
    return m;
}

/// Queries go in scaled by 1 / sqrt(head_size).
static void begin(const ck_attention *a, attention_memory m, float *row) {
    size_t vectors = a->rows * a->group, d = a->head_size;
    f32x16 scale = 1 / sqrtf((float)d);
    for (size_t v = 0; v < vectors; v++) {
        const float *query = a->queries + v / a->group * a->stride + v % a->group * d;
        for (size_t i = 0; i < d; i += 16) store(row + i, load(query + i) * scale);
        pack(m.queries, d, vectors, v, 0, row, d);
        m.maxima[v] = -FLT_MAX;
        m.sums[v] = 0;
    }
    memset(m.output, 0, vectors * d * sizeof(float));
}

/// One block of positions for one group of queries. All rows of a span end in the same block.
static void attend_block(
    const ck_attention *a, attention_memory m, const uint8_t *block, size_t first, size_t vector, size_t width) {
    size_t d = a->head_size, last_row = (vector + width - 1) / a->group;
    size_t limit = a->position + last_row - first + 1;  // positions of the block that any query of the group sees
    if (limit > CK_BLOCK) limit = CK_BLOCK;
    const u32x16 *keys = (const u32x16 *)block, *values = (const u32x16 *)(block + CK_BLOCK * d * 2);
    tiles((limit + 15) / 16, width, keys, d / 2, m.queries + vector * (d / 2), d / 2, m.scores, CK_BLOCK, false);
    for (size_t v = 0; v < width; v++) {
        size_t visible = a->position + (vector + v) / a->group - first + 1;
        if (visible > CK_BLOCK) visible = CK_BLOCK;
        float *scores = m.scores + v * CK_BLOCK, *output = m.output + (vector + v) * d;
        soften(scores, visible, &m.maxima[vector + v], &m.sums[vector + v], output, d);
        spread_operands(m.probabilities + v, width, scores, CK_BLOCK);
    }
    tiles(d / 16, width, values, V_PAIRS, m.probabilities, (limit + 1) / 2, m.output + vector * d, d, true);
}

/// The outputs, divided by the sums of their weights, in place of the queries.
INLINE void finish(const ck_attention *a, const float *output, const float *sums) {
    size_t d = a->head_size;
    for (size_t v = 0; v < a->rows * a->group; v++) {
        float *place = a->queries + v / a->group * a->stride + v % a->group * d;
        f32x16 scale = 1 / sums[v];
        for (size_t i = 0; i < d; i += 16) store(place + i, load(output + v * d + i) * scale);
    }
}

/// Asks for the block of the next positions: blocks of one sequence lie far apart, which no prefetcher foresees.
INLINE void fetch_next_block(const ck_attention *a, size_t first, size_t last, size_t bytes) {
    if (last - first < CK_BLOCK) return;
    const uint8_t *next = a->cache + (size_t)a->blocks[first / CK_BLOCK + 1] * a->block_stride;
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(next + i, 0, 2);
}

static void attend(const ck_attention *a) {
    size_t vectors = a->rows * a->group, d = a->head_size, last = a->position + a->rows - 1;
    attention_memory m = carve(a->scratch, d, a->group);
    begin(a, m, m.scores);  // scores are free until the first block
    for (size_t first = 0; first <= last; first += CK_BLOCK) {
        const uint8_t *block = a->cache + (size_t)a->blocks[first / CK_BLOCK] * a->block_stride;
        fetch_next_block(a, first, last, block_bytes(d));
        for (size_t v = 0; v < vectors; v += COLUMNS) {
            attend_block(a, m, block, first, v, vectors - v < COLUMNS ? vectors - v : COLUMNS);
        }
    }
    finish(a, m.output, m.sums);
}

#include "integer_cache.h"

/// The maximum of values, and whether any is NaN. Four chains of maxima: one would wait for itself.
INLINE float maximum_of(const float *x, size_t count, bool *nan) {
    f32x16 tops[4] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
    i32x16 unordered = 0;
    size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        f32x16 a = load(x + i), b = load(x + i + 16), c = load(x + i + 32), d = load(x + i + 48);
        tops[0] = __builtin_elementwise_max(tops[0], a);
        tops[1] = __builtin_elementwise_max(tops[1], b);
        tops[2] = __builtin_elementwise_max(tops[2], c);
        tops[3] = __builtin_elementwise_max(tops[3], d);
        unordered |= ((a != a) | (b != b)) | ((c != c) | (d != d));
    }
    tops[0] = __builtin_elementwise_max(tops[0], tops[1]);
    tops[2] = __builtin_elementwise_max(tops[2], tops[3]);
    float best = largest_of(__builtin_elementwise_max(tops[0], tops[2]));
    *nan |= __builtin_reduce_or(unordered) != 0;
    for (; i < count; i++) {
        if (x[i] > best) best = x[i];
        *nan |= x[i] != x[i];
    }
    return best;
}

/// One pass: only the stretch that holds the maximum is searched for its place.
static size_t argmax(const float *x, size_t count, float *value) {
    float best = -INFINITY;
    size_t where = 0;
    bool nan = false;
    for (size_t start = 0; start < count; start += CK_STRETCH) {
        float top = maximum_of(x + start, count - start < CK_STRETCH ? count - start : CK_STRETCH, &nan);
        if (top > best) {
            best = top;
            where = start;
        }
    }
    *value = nan ? NAN : best;
    if (nan) return where;
    while (where + 16 <= count && __builtin_reduce_or(load(x + where) == best) == 0) where += 16;
    while (where + 1 < count && x[where] != best) where++;
    return where;
}

/// 2^x for x up to 0, to about 2 ulp; exactly 1 at 0, and 0 below -126. Half as long as exp_of.
INLINE f32x16 power_of(f32x16 x) {
    const f32x16 low = -126, zero = 0, shift = 0x1.8p23f;  // adding `shift` leaves the whole part in the lowest bits
    f32x16 y = __builtin_elementwise_max(x, low);
    f32x16 whole = y + shift;
    f32x16 r = y - (whole - shift);
    f32x16 p = r * 1.3264707783e-3f + 9.6715112265e-3f;
    p = p * r + 5.5507337766e-2f;
    p = p * r + 2.4022242108e-1f;
    p = p * r + 6.9314697760e-1f;
    p = p * r + 1.0f;
    return choose(x < low, zero, (f32x16)((i32x16)p + ((i32x16)whole << 23)));
}

static const float per_ln2 = 1.44269504f;

/// exp(scale * (x - maximum)); `factor` is scale / ln 2.
INLINE f32x16 weights_of(f32x16 x, float factor, float maximum) { return power_of((x - maximum) * factor); }

/// Sixteen values, or the `count` that are left, filled up with ones that weigh nothing.
INLINE f32x16 load_some(const float *x, size_t count) {
    if (count >= 16) return load(x);
    f32x16 rest = -INFINITY;
    memcpy(&rest, x, count * sizeof *x);
    return rest;
}

INLINE i32x16 lanes_from(size_t first) {
    const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return lane + (int32_t)first;
}

static double weigh(const float *x, size_t count, float scale, float maximum, double *parts) {
    float factor = scale * per_ln2;
    double sum = 0;
    for (size_t start = 0; start < count; start += CK_STRETCH) {
        size_t end = count - start < CK_STRETCH ? count : start + CK_STRETCH, i = start;
        f32x16 part = 0;  // short float sums, long double sums
        for (; i + 16 <= end; i += 16) part += weights_of(load(x + i), factor, maximum);
        if (i < end) part += weights_of(load_some(x + i, end - i), factor, maximum);
        double part_sum = sum_of(part);
        if (parts) parts[start / CK_STRETCH] = part_sum;
        sum += part_sum;
    }
    return sum;
}

static size_t pick(const float *x, size_t count, float scale, float maximum, double left) {
    float factor = scale * per_ln2;
    // The vector that `left` may end in, its weights and their sum; those that weigh nothing are passed over.
    size_t chosen = count;
    f32x16 weights = 0;
    double sum = 0;
    for (size_t start = 0; start < count && left >= sum; start += 16) {
        f32x16 these = weights_of(load_some(x + start, count - start), factor, maximum);
        double these_sum = sum_of(these);
        if (these_sum == 0) continue;
        left -= sum;
        chosen = start;
        weights = these;
        sum = these_sum;
    }
    size_t last = count;
    for (size_t i = 0; chosen < count && i < 16; i++) {
        if (weights[i] > 0) last = chosen + i;
        if (left < weights[i]) break;
        left -= weights[i];
    }
    return last;
}

static double behind(
    const float *x, size_t count, float scale, float maximum, float value, size_t place, double enough) {
    const f32x16 zero = 0;
    float factor = scale * per_ln2;
    double sum = 0;
    for (size_t start = 0; start < count && sum <= enough; start += CK_STRETCH / 4) {
        size_t end = count - start < CK_STRETCH / 4 ? count : start + CK_STRETCH / 4;
        f32x16 part = 0;
        for (size_t i = start; i < end; i += 16) {
            f32x16 v = load_some(x + i, end - i);
            i32x16 ahead = (v > value) | ((v == value) & (lanes_from(i) < (int32_t)place));
            part += choose(ahead, zero, weights_of(v, factor, maximum));
        }
        sum += sum_of(part);
    }
    return sum;
}

/// Copies the values of start ..< end that are at least `bound`, with their ids. Most vectors hold none, so four of
/// them are passed over at a time. What is copied never gets ahead of what has been read, whole vectors included.
INLINE size_t squeeze_from(
    float bound, const float *x, const int32_t *ids, size_t start, size_t end, float *values, int32_t *value_ids) {
    size_t found = 0, i = start;
    for (; i + 64 <= end; i += 64) {
        f32x16 v[4] = {load(x + i), load(x + i + 16), load(x + i + 32), load(x + i + 48)};
        f32x16 top = __builtin_elementwise_max(
            __builtin_elementwise_max(v[0], v[1]), __builtin_elementwise_max(v[2], v[3]));
        if (__builtin_reduce_or(top >= bound) == 0) continue;
#pragma clang loop unroll(full)
        for (size_t j = 0; j < 4; j++) {
            i32x16 id = ids ? load_ids(ids + i + 16 * j) : lanes_from(i + 16 * j);
            found += squeeze(v[j] >= bound, v[j], id, values + found, value_ids + found);
        }
    }
    for (; i < end; i++) {
        if (!(x[i] >= bound)) continue;
        float v = x[i];
        value_ids[found] = ids ? ids[i] : (int32_t)i;
        values[found++] = v;
    }
    return found;
}

static size_t leading(
    const float *x, const int32_t *ids, size_t count, float value, size_t place, float *values, int32_t *value_ids) {
    if (place > count) place = count;
    size_t found = squeeze_from(value, x, ids, 0, place, values, value_ids);
    float above = nextafterf(value, INFINITY);
    return found + squeeze_from(above, x, ids, place, count, values + found, value_ids + found);
}

static double exercise_floats(size_t rounds) {
    enum { PAIRS = 64 };
    u32x16 panel[STRIPS * PAIRS];
    operand x[COLUMNS * PAIRS];
    float out[COLUMNS * STRIPS * CK_STRIP];
    memset(panel, 1, sizeof panel);
    memset(x, 1, sizeof x);
    for (size_t i = 0; i < rounds; i++) {
        tiles(STRIPS, COLUMNS, panel, PAIRS, x, PAIRS, out, STRIPS * CK_STRIP, false);
    }
    return (double)rounds * STRIPS * CK_STRIP * COLUMNS * PAIRS * 2;
}

const ck_table TABLE = {
    .name = NAME,
    .columns = COLUMNS,
    .supported = supported,
    .format = format_of,
    .forms = {
        [CK_FLOATS] = {
            .name = FORM_NAME,
            .unit = CK_STRIP,
            .column_bytes = column_bytes,
            .pack = pack,
            .unpack = unpack_column,
        },
        [CK_INTEGERS] = {
            .name = "int8",
            .unit = CK_BLOCK_DEPTH,
            .column_bytes = integer_bytes,
            .pack = integer_pack,
            .unpack = integer_unpack,
        },
    },
    .norm = norm,
    .gate = gate_with,
    .caches = {
        [CK_FULL_CACHE] = {
            .name = "bf16",
            .block_bytes = block_bytes,
            .append = append,
            .attend = attend,
            .scratch = attention_scratch,
        },
        [CK_INTEGER_CACHE] = {
            .name = "q8",
            .block_bytes = integer_block_bytes,
            .append = integer_append,
            .attend = integer_attend,
            .scratch = integer_attention_scratch,
        },
    },
    .argmax = argmax,
    .weigh = weigh,
    .pick = pick,
    .behind = behind,
    .leading = leading,
    .exercise = {[CK_FLOATS] = exercise_floats, [CK_INTEGERS] = exercise_integers},
};
