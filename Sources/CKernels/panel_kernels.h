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

#include <float.h>
#include <math.h>
#include <string.h>

#include "include/dequantize.h"
#include "strips.h"

#include "lane_math.h"

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
    void *panel, size_t depth, size_t strips, size_t strip, ck_type type, size_t stored,
    const void *const rows[CK_STRIP], float *scratch) {
    (void)strips;
    uint32_t *cells = (uint32_t *)panel + strip * (depth / 2) * CK_STRIP;
    for (size_t r = 0; r < CK_STRIP; r++) {
        if (!rows[r]) continue;
        ck_dequantize(type, rows[r], scratch, stored);
        spread(cells + r, CK_STRIP, scratch, depth);
    }
}

static void panel_row(const void *panel, size_t depth, size_t strips, size_t row, float *values) {
    (void)strips;
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

#include "single_kernels.h"
#include "integer_kernels.h"

static float inverse_rms(const float *x, float epsilon, size_t count) {
    f32x16 squares[2] = {(f32x16)(0.0f), (f32x16)(0.0f)};
    for (size_t i = 0; i < count; i += 16) {
        f32x16 v = load(x + i);
        squares[i / 16 % 2] += v * v;
    }
    return 1 / sqrtf(sum_of(squares[0] + squares[1]) / (float)count + epsilon);
}

static void scale_by(float *out, const float *x, float scale, const float *weight, size_t count) {
    for (size_t i = 0; i < count; i += 16) store(out + i, load(x + i) * scale * load(weight + i));
}

static void gate_with(float *out, const float *gate, const float *up, size_t count) {
    for (size_t i = 0; i < count; i += 16) {
        f32x16 g = load(gate + i);
        store(out + i, g / (1.0f + exp_of(-g)) * load(up + i));
    }
}

#include "panel_attention.h"
#include "integer_cache.h"
#include "logits_kernels.h"

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
            .columns = COLUMNS,
            .column_bytes = column_bytes,
            .pack = pack,
            .unpack = unpack_column,
        },
        [CK_INTEGERS] = {
            .name = "int8",
            .unit = CK_BLOCK_DEPTH,
            .columns = INTEGER_COLUMNS,
            .column_bytes = integer_bytes,
            .pack = integer_pack,
            .unpack = integer_unpack,
        },
        [CK_SINGLES] = {
            .name = "f32",
            .unit = CK_STRIP,
            .columns = COLUMNS,
            .column_bytes = single_column_bytes,
            .pack = single_pack,
            .unpack = single_unpack,
        },
    },
    .inverse_rms = inverse_rms,
    .scale = scale_by,
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
            .hadamard = true,
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
    .exercise = {[CK_FLOATS] = exercise_floats, [CK_INTEGERS] = exercise_integers,
                 [CK_SINGLES] = exercise_singles},
};
