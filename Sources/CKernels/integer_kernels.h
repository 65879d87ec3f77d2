// Products of quantized strips (strips.h) with 8-bit activations, written once for every instruction set. Before it
// is included an instruction set's file defines, beside what panel_kernels.h wants:
//   LANES             rows that one register holds: 16, or 8 in two passes over a strip
//   vf, vi            LANES float, int32
//   vb, vh, vs        the same bytes as uint8, uint16, int16
//   INTEGER_COLUMNS   columns of the widest tile
//   SIGNED_BYTES      1 where 8-bit weights are multiplied as signed numbers, without their offset of 128
//   dots(vi sum, const vb *weights, int count, const int32_t *x, size_t stride, int bits)
//                     sum += weights[i] . x[i * stride], 4 bytes a lane, unsigned (of so many bits) by signed
//   pair_dots(vi sum, vs a, vs b)
//                     sum += a . b, 2 int16 a lane
//   merged(vi low, vi high)
//                     the low 16 bits of one, the high of the other
//   SCALED_DOTS       1 where products of bytes are 16 bits on their way: scaled_dots(..., vs scales) multiplies those by
//                     scales, the same two of a lane, which one_of(vs pairs, bool high) makes
//   column_by_column(vi *sum)
//                     keeps the compiler from beginning the next column before this one's sum is there: for 16 at once
//                     registers do not suffice
//   lookup(vb indices, const uint8_t table[16]), halves(const uint8_t *) of LANES f16, bfloats(const uint16_t *) of
//   LANES bf16
//
// Operands: groups of INTEGER_COLUMNS columns (the last may be narrower), each [block of 256]:
//   scales    [4][columns] f32, of two units each
//   pairs     [4][columns] sums of the activations of two units, as int16 times the sum scale
//   units     [8][columns] minus 2^UNITS_BITS times the sum of the bytes of each unit of 32
//   halves    [16][columns] minus 2^HALVES_BITS times the sum of the bytes of each half unit
//   sum scale [columns] f32
//   values    [64][columns] 4 int8 each
//
// A scale for 256 activations is what the file formats were made for, but on models of chance it costs 2.7e-3 nats of
// mean divergence from float32; one for 64 costs 1.7e-3, and 4 (Q8_0) to 9 % (Q4_K) of the speed.
//
// The sum of one output value: int32 inside a unit (exact). Where scales are f16, f32 over two units, f32 over the
// pairs in order. Where they are integers, two units (or four halves) times their scales are int32 too, f32 over the
// pairs of a block, f32 over the blocks. So it does not depend on the tile.

#include "integer_lanes.h"
#include "integer_unpack.h"
#include "integer_operands.h"
#include "integer_units.h"

INLINE void put(const int n, const vf *sums, float *out, size_t stride, bool add) {
#pragma clang loop unroll(full)
    for (int c = 0; c < n; c++) {
        vf_unaligned *place = (vf_unaligned *)(out + (size_t)c * stride);
        *place = add ? *place + sums[c] : sums[c];
    }
}

/// total[p][c] += a piece by `width` parts from `part` on; x: the operands from its depth on. `next` is where the walk goes
/// on behind the piece, NULL where nothing needs to be asked for ahead.
INLINE void add_piece(
    const ck_type type, const int n, const int width, ck_piece piece, const uint8_t *next, size_t part,
    const int32_t *x, vf total[PARTS][INTEGER_COLUMNS]) {
    const ck_parts parts = ck_parts_of(type);
    const uint8_t *block = piece.begin;
    for (size_t left = piece.depth / CK_UNIT; left > 0;) {
        size_t units = parts.whole || left >= CK_UNITS ? CK_UNITS : left;
        ck_places at = ck_places_of(parts, units);
        const uint8_t *later = next ? block + ahead_of(type, n) : NULL;
        if (next && later >= piece.end) later = next + (later - piece.end);
        if (parts.whole) add_block(type, n, width, block, at, part, x, total, later);
        else add_units(type, n, width, block, at, units, part, x, total, later);
        block += at.bytes;
        x += I_WORDS * n;
        left -= units;
    }
}

/// A group by few columns, in the order in which it lies. All parts of a line at once: a second pass would wait for the
/// arithmetic, the first for memory.
INLINE void narrow_tiles(
    const ck_type type, const int n, ck_group group, size_t depth, const int32_t *x, float *out, size_t stride,
    bool add, bool fresh) {
    vf total[CK_GROUP][PARTS][INTEGER_COLUMNS];
    for (size_t s = 0; s < group.strips; s++) {
#pragma clang loop unroll(full)
        for (int p = 0; p < PARTS; p++) zero(n, total[s][p]);
    }
    for (size_t from = 0; from < depth; from += CK_PIECE_DEPTH) {
        for (size_t s = 0; s < group.strips; s++) {
            ck_piece piece = ck_piece_of(type, group, depth, s, from);
            const int32_t *operand = x + from / CK_BLOCK_DEPTH * I_WORDS * n;
            add_piece(type, n, PARTS, piece, fresh ? piece.end : NULL, 0, operand, total[s]);
        }
    }
    for (size_t s = 0; s < group.strips; s++) {
#pragma clang loop unroll(full)
        for (int p = 0; p < PARTS; p++) put(n, total[s][p], out + s * CK_STRIP + p * LANES, stride, add);
    }
}

/// Where a walk along the strips of a group goes on behind a piece.
INLINE const uint8_t *after_piece(const ck_type type, ck_group group, size_t depth, size_t strip, size_t from) {
    size_t after = from + CK_PIECE_DEPTH;
    if (after < depth) return ck_piece_of(type, group, depth, strip, after).begin;
    if (strip + 1 < group.strips) return ck_piece_of(type, group, depth, strip + 1, 0).begin;
    return ck_piece_of(type, group, depth, strip, from).end;
}

/// A strip of a group by more columns: along all its depth, so that sums stay in registers.
INLINE void wide_tile(
    const ck_type type, const int n, ck_group group, size_t strip, size_t depth, const int32_t *x, float *out,
    size_t stride, bool add, bool fresh) {
    for (size_t part = 0; part < PARTS; part++) {
        vf total[1][INTEGER_COLUMNS];
        zero(n, total[0]);
        // The sums of each column go to a page of its own, far from the cache: asked for only at the end, they cost 2 to 3 %.
#pragma clang loop unroll(full)
        for (int c = 0; c < n; c++) __builtin_prefetch(out + (size_t)c * stride + part * LANES, 1, 3);
        for (size_t from = 0; from < depth; from += CK_PIECE_DEPTH) {
            const uint8_t *next = fresh ? after_piece(type, group, depth, strip, from) : NULL;
            const int32_t *operand = x + from / CK_BLOCK_DEPTH * I_WORDS * n;
            add_piece(type, n, 1, ck_piece_of(type, group, depth, strip, from), next, part, operand, total);
        }
        put(n, total[0], out + part * LANES, stride, add);
    }
}

INLINE void integer_tiles(
    const ck_type type, const int n, ck_group group, size_t depth, const int32_t *x, float *out, size_t stride,
    bool add, bool fresh) {
    if (n <= NARROW) return narrow_tiles(type, n, group, depth, x, out, stride, add, fresh);
    for (size_t s = 0; s < group.strips; s++) {
        wide_tile(type, n, group, s, depth, x, out + s * CK_STRIP, stride, add, fresh);
    }
}

/// Bytes of operands that several groups read again and again: they should stay in the second-level cache.
enum { OPERAND_BYTES = 256 << 10 };

#define INTEGER_TILES(n) \
    case n: integer_tiles(type, n, group, depth, x, to, stride, add, c == 0); break;

INLINE void integer_multiply(
    const ck_type type, const uint8_t *panel, size_t depth, size_t first_strip, size_t strips, const int32_t *operands,
    size_t columns, float *out, size_t stride, bool add) {
    size_t words = blocks_of(depth) * I_WORDS;
    size_t chunk = OPERAND_BYTES / (4 * words) / INTEGER_COLUMNS * INTEGER_COLUMNS;
    if (chunk < INTEGER_COLUMNS) chunk = INTEGER_COLUMNS;
    for (size_t begin = 0; begin < columns; begin += chunk) {
        size_t end = columns - begin < chunk ? columns : begin + chunk;
        for (size_t s = 0; s < strips; s += CK_GROUP) {
            ck_group group = ck_group_of(type, panel, depth, first_strip + strips, first_strip + s);
            for (size_t c = begin; c < end; c += INTEGER_COLUMNS) {
                const int32_t *x = operands + c * words;
                float *to = out + c * stride + s * CK_STRIP;
                switch (end - c < INTEGER_COLUMNS ? end - c : INTEGER_COLUMNS) {
                    INTEGER_TILES(1) INTEGER_TILES(2) INTEGER_TILES(3) INTEGER_TILES(4)
#if INTEGER_COLUMNS > 4
                    INTEGER_TILES(5) INTEGER_TILES(6) INTEGER_TILES(7) INTEGER_TILES(8)
                    INTEGER_TILES(9) INTEGER_TILES(10) INTEGER_TILES(11) INTEGER_TILES(12)
                    INTEGER_TILES(13) INTEGER_TILES(14) INTEGER_TILES(15) INTEGER_TILES(16)
#endif
                }
            }
        }
    }
}

/// One row back as f32: each of its values as the products see it.
INLINE void integer_row(
    const ck_type type, const uint8_t *panel, size_t depth, size_t strips, size_t row, float *values) {
    const ck_parts parts = ck_parts_of(type);
    size_t part = row % CK_STRIP / LANES, lane = row % LANES, strip = row / CK_STRIP;
    ck_group group = ck_group_of(type, panel, depth, strips, strip / CK_GROUP * CK_GROUP);
    const uint8_t *block = NULL;
    int offset = offset_bits_of(type) < 0 ? 0 : 1 << offset_bits_of(type);
    for (size_t from = 0; from < depth; from += CK_BLOCK_DEPTH) {
        if (from % CK_PIECE_DEPTH == 0) block = ck_piece_of(type, group, depth, strip % CK_GROUP, from).begin;
        size_t left = (depth - from) / CK_UNIT, units = left < CK_UNITS ? left : CK_UNITS;
        ck_places at = ck_places_of(parts, units);
        for (size_t j = 0; j < units; j++) {
            vb w[8];
#pragma clang loop unroll(full)
            for (int phase = 0; phase < phases_of(type); phase++) {
                if (j % (size_t)phases_of(type) == (size_t)phase) unpack(type, block, at, part, j, phase, w);
            }
            for (size_t i = 0; i < CK_UNIT; i++) {
                size_t half = parts.scales == 16 ? 2 * j + i / 16 : j;
                float scale = factor_at(block, part, parts.whole ? 0 : j)[lane];
                size_t word = parts.scales == 16 ? half % 2 : 1 - half % 2;
                if (parts.whole) scale *= scale_pairs(type, block, at, part, half / 2)[2 * lane + word];
                float minimum = 0;
                if (parts.factors == 2) minimum = -factor_at(block, part, parts.whole ? 1 : units + j)[lane];
                if (type == CK_Q2_K) minimum *= -(float)block[at.minima + half * CK_STRIP + row % CK_STRIP];
                if (type == CK_Q4_K || type == CK_Q5_K) {
                    minimum *= -(float)pair_at(block + at.minima, j / 2, part, false)[2 * lane + j % 2];
                }
                const uint8_t *bytes = (const uint8_t *)&w[i / 4];
                float q = (float)((int)bytes[lane * 4 + i % 4] - offset);
                values[j * CK_UNIT + i] = parts.factors == 2 ? scale * q - minimum : scale * q;
            }
        }
        values += units * CK_UNIT;
        block += at.bytes;
    }
}

/// Dot products of the widest tile, nothing else.
static double exercise_integers(size_t rounds) {
    enum { GROUPS = 64 };
    _Alignas(64) int32_t x[GROUPS * INTEGER_COLUMNS];
    memset(x, 1, sizeof x);
    vi sums[INTEGER_COLUMNS];
    vb w[4];
    memset(w, 3, sizeof w);
    for (int c = 0; c < INTEGER_COLUMNS; c++) sums[c] = splat_int(0);
    for (size_t i = 0; i < rounds; i++) {
        for (size_t g = 0; g < GROUPS; g += 4) {
#pragma clang loop unroll(full)
            for (int c = 0; c < INTEGER_COLUMNS; c++) {
                sums[c] = dots(sums[c], w, 4, x + g * INTEGER_COLUMNS + c, INTEGER_COLUMNS, 4);
            }
        }
    }
    volatile int32_t sink = 0;
    for (int c = 0; c < INTEGER_COLUMNS; c++) sink = sink + sums[c][0];
    return (double)rounds * GROUPS * INTEGER_COLUMNS * LANES * 4;
}

#define INTEGER_FORMAT(type, label)                                                                                \
    static size_t type##_bytes(size_t depth) { return ck_integer_strip_bytes(type, depth); }                        \
    static void type##_lay(                                                                                        \
        void *panel, size_t depth, size_t strips, size_t strip, ck_type same, size_t stored,                       \
        const void *const rows[CK_STRIP], float *scratch) {                                                        \
        (void)depth, (void)same, (void)scratch;                                                                    \
        ck_lay_strip(type, panel, stored, strips, strip, rows);                                                    \
    }                                                                                                              \
    static void type##_row(const void *panel, size_t depth, size_t strips, size_t row, float *values) {            \
        integer_row(type, panel, depth, strips, row, values);                                                      \
    }                                                                                                              \
    static void type##_multiply(                                                                                   \
        const void *panel, size_t depth, size_t first_strip, size_t strips, const void *operands, size_t columns,  \
        float *out, size_t stride, bool add) {                                                                     \
        integer_multiply(type, panel, depth, first_strip, strips, operands, columns, out, stride, add);            \
    }                                                                                                              \
    static const ck_format type##_format = {                                                                       \
        .name = label,                                                                                             \
        .form = CK_INTEGERS,                                                                                       \
        .strip_bytes = type##_bytes,                                                                               \
        .lay = type##_lay,                                                                                         \
        .row = type##_row,                                                                                         \
        .multiply = type##_multiply,                                                                               \
    };

INTEGER_FORMAT(CK_Q4_0, "Q4_0")
INTEGER_FORMAT(CK_Q4_1, "Q4_1")
INTEGER_FORMAT(CK_Q5_0, "Q5_0")
INTEGER_FORMAT(CK_Q5_1, "Q5_1")
INTEGER_FORMAT(CK_Q8_0, "Q8_0")
INTEGER_FORMAT(CK_Q2_K, "Q2_K")
INTEGER_FORMAT(CK_Q3_K, "Q3_K")
INTEGER_FORMAT(CK_Q4_K, "Q4_K")
INTEGER_FORMAT(CK_Q5_K, "Q5_K")
INTEGER_FORMAT(CK_Q6_K, "Q6_K")
INTEGER_FORMAT(CK_IQ4_NL, "IQ4_NL")
INTEGER_FORMAT(CK_IQ4_XS, "IQ4_XS")

static const ck_format *format_of(ck_type type) {
    switch (type) {
        case CK_Q4_0: return &CK_Q4_0_format;
        case CK_Q4_1: return &CK_Q4_1_format;
        case CK_Q5_0: return &CK_Q5_0_format;
        case CK_Q5_1: return &CK_Q5_1_format;
        case CK_Q8_0: return &CK_Q8_0_format;
        case CK_Q2_K: return &CK_Q2_K_format;
        case CK_Q3_K: return &CK_Q3_K_format;
        case CK_Q4_K: return &CK_Q4_K_format;
        case CK_Q5_K: return &CK_Q5_K_format;
        case CK_Q6_K: return &CK_Q6_K_format;
        case CK_IQ4_NL: return &CK_IQ4_NL_format;
        case CK_IQ4_XS: return &CK_IQ4_XS_format;
        case CK_BF16: return &panel_format;
        default: return &single_format;
    }
}
