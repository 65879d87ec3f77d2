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

/// The running softmax of each query of an item: (vectors, head_size) weighted sums of values, (vectors) each the largest
/// score and the sum of the weights.
typedef struct {
    float *outputs, *maxima, *sums;
} running;

// What the caches do differently: operands of the queries of some rows, and one block for the rows whose operands are
// there, at `position` and after that end in the same block. While it is computed the `next` is asked for, a strip of
// it before each of its own: blocks lie far apart, which no prefetcher foresees, and a core that asks for all of a block
// at once waits for most of it, and then leaves the memory idle while it computes.
typedef void make_queries(const ck_attention *a, const void *memory, size_t first_row, size_t rows);
typedef void attend_block(
    const ck_attention *a, const void *memory, running r, const uint8_t *block, ck_ahead next, size_t position,
    size_t first, size_t rows);

/// Positions of a block that a query sees whose row is at `position`.
INLINE size_t visible_at(size_t position, size_t first) {
    return position - first + 1 < CK_BLOCK ? position - first + 1 : CK_BLOCK;
}

INLINE void ask(const uint8_t *p, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(p + i, 0, 2);
}

/// Keys of the sixteen `strip`, which take so many bytes.
INLINE void ask_keys(ck_ahead next, size_t strip, size_t bytes) {
    if (strip * CK_STRIP < next.positions) ask(next.block + strip * bytes, bytes);
}

/// Values of a strip of sixteen dimensions that begins at `offset`: 64 bytes have so many positions.
INLINE void ask_values(ck_ahead next, size_t offset, size_t positions) {
    ask(next.block + offset, (next.positions + positions - 1) / positions * 64);
}

INLINE ck_ahead block_ahead(const ck_attention *a, const ck_part *part, size_t index) {
    const uint8_t *block = a->cache + (size_t)part->blocks[index] * a->block_stride;
    return (ck_ahead){block, visible_at(part->position + part->rows - 1, index * CK_BLOCK)};
}

/// The blocks first ... end - 1 of a part, for rows that may be those of others too; then comes `next`.
INLINE void attend_blocks(
    const ck_attention *a, attend_block *one, const void *memory, running r, const ck_part *part, size_t first,
    size_t end, ck_ahead next, size_t position, size_t rows) {
    for (size_t b = first; b < end; b++) {
        const uint8_t *block = a->cache + (size_t)part->blocks[b] * a->block_stride;
        one(a, memory, r, block, b + 1 < end ? block_ahead(a, part, b + 1) : next, position, b * CK_BLOCK, rows);
    }
}

/// First what all parts share, in tiles across them, then each part by itself. The order of blocks is a query's own in
/// either case, and no column of a tile knows of the others, so that the result is the same to the bit.
INLINE void attend_parts(
    const ck_attention *a, make_queries *queries, attend_block *one, const void *memory, running r) {
    size_t rows = 0, d = a->head_size;
    for (size_t i = 0; i < a->part_count; i++) rows += a->parts[i].rows;
    memset(r.outputs, 0, rows * a->group * d * sizeof(float));
    for (size_t v = 0; v < rows * a->group; v++) {
        r.maxima[v] = -FLT_MAX;
        r.sums[v] = 0;
    }
    if (a->shared > 0) {
        queries(a, memory, 0, rows);
        ck_ahead next = block_ahead(a, a->parts, a->shared);
        attend_blocks(a, one, memory, r, a->parts, 0, a->shared, next, a->shared * CK_BLOCK, rows);
    }
    size_t row = 0;
    const ck_part *last = a->parts + a->part_count - 1;
    for (const ck_part *part = a->parts; part <= last; row += part++->rows) {
        size_t vector = row * a->group, end = (part->position + part->rows - 1) / CK_BLOCK + 1;
        running own = {r.outputs + vector * d, r.maxima + vector, r.sums + vector};
        queries(a, memory, row, part->rows);
        ck_ahead next = part < last ? block_ahead(a, part + 1, a->shared) : a->next;
        attend_blocks(a, one, memory, own, part, a->shared, end, next, part->position, part->rows);
    }
    // The outputs, divided by the sums of their weights, in place of the queries.
    for (size_t v = 0; v < rows * a->group; v++) {
        float *place = a->queries + v / a->group * a->stride + v % a->group * d;
        f32x16 scale = 1 / r.sums[v];
        for (size_t i = 0; i < d; i += 16) store(place + i, load(r.outputs + v * d + i) * scale);
    }
}

INLINE const float *query_of(const ck_attention *a, size_t first_row, size_t vector) {
    return a->queries + (first_row + vector / a->group) * a->stride + vector % a->group * a->head_size;
}

// Scratch of one attention item, for `vectors` = rows * group queries:
//   queries        operands, groups of COLUMNS vectors, depth head_size
//   probabilities  operands, one group, depth 64
//   scores         (COLUMNS, 64) f32
//   running
typedef struct {
    operand *queries, *probabilities;
    float *scores;
    running running;
} attention_memory;

static size_t attention_scratch(size_t head_size, size_t group) {
    size_t vectors = (CK_SPAN * group + 15) / 16 * 16;
    return vectors * head_size / 2 * sizeof(operand) + COLUMNS * V_PAIRS * sizeof(operand)
        + (vectors * head_size + COLUMNS * CK_BLOCK + 2 * vectors) * sizeof(float);
}

INLINE attention_memory carve(void *scratch, size_t head_size, size_t group) {
    size_t vectors = (CK_SPAN * group + 15) / 16 * 16;
    attention_memory m;
    m.running.outputs = scratch;
    m.scores = m.running.outputs + vectors * head_size;
    m.running.maxima = m.scores + COLUMNS * CK_BLOCK;
    m.running.sums = m.running.maxima + vectors;
    m.queries = (operand *)(m.running.sums + vectors);
    m.probabilities = m.queries + vectors * head_size / 2;
    return m;
}

/// Queries go in scaled by 1 / sqrt(head_size).
INLINE void pack_queries(const ck_attention *a, const void *memory, size_t first_row, size_t rows) {
    const attention_memory *m = memory;
    size_t vectors = rows * a->group, d = a->head_size;
    f32x16 scale = 1 / sqrtf((float)d);
    float *row = m->scores;  // free between two blocks
    for (size_t v = 0; v < vectors; v++) {
        const float *query = query_of(a, first_row, v);
        for (size_t i = 0; i < d; i += 16) store(row + i, load(query + i) * scale);
        pack(m->queries, d, vectors, v, 0, row, d);
    }
}

INLINE void attend_panel(
    const ck_attention *a, const void *memory, running r, const uint8_t *block, ck_ahead next, size_t position,
    size_t first, size_t rows) {
    const attention_memory *m = memory;
    size_t d = a->head_size, vectors = rows * a->group;
    const u32x16 *keys = (const u32x16 *)block, *values = (const u32x16 *)(block + CK_BLOCK * d * 2);
    for (size_t begin = 0; begin < vectors; begin += COLUMNS) {
        size_t width = vectors - begin < COLUMNS ? vectors - begin : COLUMNS;
        // What any query of the group sees.
        size_t limit = visible_at(position + (begin + width - 1) / a->group, first);
        const operand *queries = m->queries + begin * (d / 2);
        for (size_t s = 0, strips = (limit + 15) / 16; s < CK_BLOCK / 16; s++) {
            ask_keys(next, s, d * 32);
            if (s % STRIPS != 0 || s >= strips) continue;
            size_t count = strips - s < STRIPS ? strips - s : STRIPS;
            tiles(count, width, keys + s * (d / 2), d / 2, queries, d / 2, m->scores + s * 16, CK_BLOCK, false);
        }
        for (size_t c = 0; c < width; c++) {
            size_t v = begin + c;
            float *scores = m->scores + c * CK_BLOCK;
            soften(scores, visible_at(position + v / a->group, first), r.maxima + v, r.sums + v, r.outputs + v * d, d);
            spread_operands(m->probabilities + c, width, scores, CK_BLOCK);
        }
        for (size_t s = 0; s < d / 16; s++) {
            ask_values(next, CK_BLOCK * d * 2 + s * V_PAIRS * 64, 2);
            if (s % STRIPS != 0) continue;
            size_t count = d / 16 - s < STRIPS ? d / 16 - s : STRIPS;
            float *out = r.outputs + begin * d + s * 16;
            tiles(count, width, values + s * V_PAIRS, V_PAIRS, m->probabilities, (limit + 1) / 2, out, d, true);
        }
        next.positions = 0;
    }
}

static void attend(const ck_attention *a) {
    attention_memory m = carve(a->scratch, a->head_size, a->group);
    attend_parts(a, pack_queries, attend_panel, &m, m.running);
}
