// Keys and values in bf16 and the attention over them, by the tiles of panel_kernels.h, which includes this file.
//
// K of a block: [64 / 16][head_size / 2][16 positions][2] bf16, a panel of 64 rows.
// V of a block: [head_size / 16][64 / 2][16 dimensions][2] bf16, a panel of head_size rows and depth 64.

enum { V_PAIRS = CK_BLOCK / 2 };

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
