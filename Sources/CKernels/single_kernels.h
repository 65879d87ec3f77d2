// Products of f32 strips, for F16 and F32 weights that bf16 would round; included by panel_kernels.h.
//
// Strip: [depth][16 rows] f32. Operands: groups of COLUMNS columns (the last may be narrower), each
// [depth][columns of the group] f32.

/// One tile: a strip by n columns, each sum a single chain over depth.
INLINE void single_tile(
    const int n, const f32x16 *strip, size_t depth, const float *x, float *out, size_t stride, bool add) {
    f32x16 sums[COLUMNS];
#pragma clang loop unroll(full)
    for (int c = 0; c < n; c++) sums[c] = (f32x16)(0.0f);
    for (size_t k = 0; k < depth; k++) {
#pragma clang loop unroll(full)
        for (int c = 0; c < n; c++) sums[c] = __builtin_elementwise_fma(strip[k], (f32x16)x[c], sums[c]);
        x += n;
    }
#pragma clang loop unroll(full)
    for (int c = 0; c < n; c++) {
        float *place = out + (size_t)c * stride;
        store(place, add ? load(place) + sums[c] : sums[c]);
    }
}

#define SINGLE_TILE(n) \
    case n: single_tile(n, strip, depth, x, to, stride, add); break;

static void single_multiply(
    const void *panel, size_t depth, size_t first_strip, size_t strips, const void *operands, size_t columns,
    float *out, size_t stride, bool add) {
    for (size_t s = 0; s < strips; s++) {
        const f32x16 *strip = (const f32x16 *)panel + (first_strip + s) * depth;
        for (size_t c = 0; c < columns; c += COLUMNS) {
            const float *x = (const float *)operands + c * depth;
            float *to = out + c * stride + s * CK_STRIP;
            switch (columns - c < COLUMNS ? columns - c : COLUMNS) {
                SINGLE_TILE(1) SINGLE_TILE(2) SINGLE_TILE(3) SINGLE_TILE(4)
#if COLUMNS > 4
                SINGLE_TILE(5) SINGLE_TILE(6) SINGLE_TILE(7) SINGLE_TILE(8)
                SINGLE_TILE(9) SINGLE_TILE(10) SINGLE_TILE(11) SINGLE_TILE(12)
#endif
            }
        }
    }
}

static size_t single_strip_bytes(size_t depth) { return CK_STRIP * depth * sizeof(float); }

static void single_lay(
    void *panel, size_t depth, size_t strips, size_t strip, ck_type type, size_t stored,
    const void *const rows[CK_STRIP], float *scratch) {
    (void)strips;
    float *cells = (float *)panel + strip * depth * CK_STRIP;
    for (size_t r = 0; r < CK_STRIP; r++) {
        if (!rows[r]) continue;
        ck_dequantize(type, rows[r], scratch, stored);
        for (size_t k = 0; k < stored; k++) cells[k * CK_STRIP + r] = scratch[k];
    }
}

static void single_row(const void *panel, size_t depth, size_t strips, size_t row, float *values) {
    (void)strips;
    const float *cells = (const float *)panel + row / CK_STRIP * depth * CK_STRIP + row % CK_STRIP;
    for (size_t k = 0; k < depth; k++) values[k] = cells[k * CK_STRIP];
}

/// The cells of one column, `*width` apart, and that.
INLINE size_t single_column(size_t depth, size_t columns, size_t column, size_t *width) {
    size_t group = column / COLUMNS * COLUMNS;
    *width = columns - group < COLUMNS ? columns - group : COLUMNS;
    return group * depth + column - group;
}

static void single_pack(
    void *operands, size_t depth, size_t columns, size_t column, size_t first, const float *values, size_t count) {
    size_t width, begin = single_column(depth, columns, column, &width);
    float *cells = (float *)operands + begin + first * width;
    for (size_t k = 0; k < count; k++) cells[k * width] = values[k];
}

static void single_unpack(const void *operands, size_t depth, size_t columns, size_t column, float *values) {
    size_t width, begin = single_column(depth, columns, column, &width);
    for (size_t k = 0; k < depth; k++) values[k] = ((const float *)operands)[begin + k * width];
}

static size_t single_column_bytes(size_t depth) { return depth * sizeof(float); }

static double exercise_singles(size_t rounds) {
    enum { DEPTH = 64 };
    f32x16 strip[DEPTH];
    float x[COLUMNS * DEPTH], out[COLUMNS * CK_STRIP];
    memset(strip, 0, sizeof strip);
    memset(x, 0, sizeof x);
    for (size_t i = 0; i < rounds; i++) {
        single_multiply(strip, DEPTH, 0, 1, x, COLUMNS, out, CK_STRIP, false);
    }
    return (double)rounds * CK_STRIP * COLUMNS * DEPTH;
}

static const ck_format single_format = {
    .name = "F32",
    .form = CK_SINGLES,
    .strip_bytes = single_strip_bytes,
    .lay = single_lay,
    .row = single_row,
    .multiply = single_multiply,
};
