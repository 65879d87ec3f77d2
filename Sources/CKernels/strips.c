#include "strips.h"

#include <string.h>

#include "include/dequantize.h"

// Stored blocks to strips. Only words move; sub-block scales are brought from their packed bits into bytes.

#define INLINE static inline __attribute__((always_inline))

typedef struct {
    uint8_t *block;
    ck_places at;
    size_t units;  // of the block
    size_t row;
} cell;

/// Words `count` of a row to vectors, with some bits turned over.
INLINE void move_words(uint8_t *vectors, size_t row, const uint8_t *from, size_t count, uint32_t turned) {
    uint8_t *to = vectors + row * 4;
    for (size_t i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, from + 4 * i, sizeof word);
        word ^= turned;
        memcpy(to + 64 * i, &word, sizeof word);
    }
}

/// Words of a row to all groups of a block of 256.
INLINE void move_groups(ck_type type, cell c, const uint8_t *high, const uint8_t *words) {
    ck_parts parts = ck_parts_of(type);
    for (size_t g = 0; g < parts.groups; g++) {
        uint8_t *group = c.block + c.at.groups + g * ck_group_bytes(parts);
        move_words(group, c.row, high + g * parts.high * 4, parts.high, 0);
        move_words(group + parts.high * 64, c.row, words + g * parts.words * 4, parts.words, 0);
    }
}

INLINE void put_half(cell c, size_t index, const uint8_t *from) {
    memcpy(c.block + (index * CK_STRIP + c.row) * 2, from, 2);
}

/// A scale, or with the place of the minima a minimum: in pairs.
INLINE void put_byte(cell c, size_t place, size_t index, int value) {
    c.block[place + (index / 2 * CK_STRIP + c.row) * 2 + index % 2] = (uint8_t)value;
}

INLINE void put_half_scale(cell c, size_t half, int value) { put_byte(c, c.at.scales, half, value); }
INLINE void put_unit_scale(cell c, size_t unit, int value) { put_byte(c, c.at.scales, unit ^ 1, value); }

/// Bit 4 * g + b of `bits` becomes bit g of byte b: value 4 * g + b is element b of vector g.
INLINE uint32_t bits_by_vector(uint32_t bits) {
    uint32_t result = 0;
    for (int b = 0; b < 4; b++) {
        for (int g = 0; g < 8; g++) result |= (bits >> (4 * g + b) & 1) << (8 * b + g);
    }
    return result;
}

/// Types of blocks of 32: factors first, then fifth bits, then the values.
INLINE void lay_unit(ck_type type, cell c, size_t unit, const uint8_t *from) {
    ck_parts parts = ck_parts_of(type);
    for (size_t f = 0; f < parts.factors; f++) put_half(c, f * c.units + unit, from + 2 * f);
    from += 2 * parts.factors;
    uint8_t *group = c.block + c.at.groups + unit * ck_group_bytes(parts);
    if (parts.high > 0) {
        uint32_t bits;
        memcpy(&bits, from, sizeof bits);
        bits = bits_by_vector(bits);
        memcpy(group + c.row * 4, &bits, sizeof bits);
        from += 4;
    }
    // 8-bit values are kept with an offset of 128, as the products take unsigned weights.
    move_words(group + parts.high * 64, c.row, from, parts.words, type == CK_Q8_0 ? 0x80808080 : 0);
}

/// The 6-bit scale and minimum `j` of Q4_K and Q5_K, from 12 bytes.
INLINE int packed_scale(const uint8_t *s, int j) {
    return j < 4 ? s[j] & 63 : (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
}
INLINE int packed_minimum(const uint8_t *s, int j) {
    return j < 4 ? s[j + 4] & 63 : s[j + 4] >> 4 | (s[j] >> 6) << 4;
}

INLINE void lay_q45_k(ck_type type, cell c, const uint8_t *from) {
    put_half(c, 0, from);
    put_half(c, 1, from + 2);
    for (int j = 0; j < 8; j++) {
        put_unit_scale(c, (size_t)j, packed_scale(from + 4, j));
        put_byte(c, c.at.minima, (size_t)j, packed_minimum(from + 4, j));
    }
    from += 16;
    move_groups(type, c, from, type == CK_Q5_K ? from + 32 : from);
}

INLINE void lay_q6_k(cell c, const uint8_t *from) {
    move_groups(CK_Q6_K, c, from + 128, from);
    for (size_t j = 0; j < 16; j++) put_half_scale(c, j, from[192 + j]);
    put_half(c, 0, from + 208);
}

INLINE void lay_q3_k(cell c, const uint8_t *from) {
    move_groups(CK_Q3_K, c, from, from + 32);
    const uint8_t *s = from + 96;
    for (int j = 0; j < 16; j++) {
        int low = j < 8 ? s[j] & 15 : s[j - 8] >> 4;
        put_half_scale(c, (size_t)j, (low | (s[8 + j % 4] >> (2 * (j / 4)) & 3) << 4) - 32);
    }
    put_half(c, 0, from + 108);
}

INLINE void lay_q2_k(cell c, const uint8_t *from) {
    for (size_t j = 0; j < 16; j++) {
        put_half_scale(c, j, from[j] & 15);
        c.block[c.at.minima + j * CK_STRIP + c.row] = from[j] >> 4;
    }
    move_groups(CK_Q2_K, c, from, from + 16);
    put_half(c, 0, from + 80);
    put_half(c, 1, from + 82);
}

INLINE void lay_iq4_xs(cell c, const uint8_t *from) {
    put_half(c, 0, from);
    int high = from[2] | from[3] << 8;
    for (int j = 0; j < 8; j++) {
        put_unit_scale(c, (size_t)j, ((from[4 + j / 2] >> (4 * (j % 2)) & 15) | (high >> (2 * j) & 3) << 4) - 32);
    }
    move_groups(CK_IQ4_XS, c, from, from + 8);
}

INLINE void lay_block(ck_type type, cell c, const uint8_t *from) {
    switch (type) {
        case CK_Q4_K:
        case CK_Q5_K: lay_q45_k(type, c, from); break;
        case CK_Q6_K: lay_q6_k(c, from); break;
        case CK_Q3_K: lay_q3_k(c, from); break;
        case CK_Q2_K: lay_q2_k(c, from); break;
        case CK_IQ4_XS: lay_iq4_xs(c, from); break;
        default: {
            size_t bytes = ck_row_bytes(type, CK_UNIT);
            for (size_t unit = 0; unit < c.units; unit++) lay_unit(type, c, unit, from + unit * bytes);
        }
    }
}

INLINE void lay_piece(ck_type type, ck_piece piece, const void *const rows[CK_STRIP], size_t block) {
    ck_parts parts = ck_parts_of(type);
    size_t stored = ck_row_bytes(type, CK_UNIT * (parts.whole ? CK_UNITS : 1)) * (parts.whole ? 1 : CK_UNITS);
    uint8_t *to = (uint8_t *)piece.begin;
    for (size_t left = piece.depth / CK_UNIT; left > 0; block++) {
        size_t units = left < CK_UNITS ? left : CK_UNITS;
        ck_places at = ck_places_of(parts, units);
        for (size_t r = 0; r < CK_STRIP; r++) {
            if (!rows[r]) continue;
            lay_block(type, (cell){to, at, units, r}, (const uint8_t *)rows[r] + block * stored);
        }
        to += at.bytes;
        left -= units;
    }
}

#define LAY(type) \
    case type: lay_piece(type, piece, rows, from / CK_BLOCK_DEPTH); break;

void ck_lay_strip(
    ck_type type, void *panel, size_t depth, size_t strips, size_t strip, const void *const rows[CK_STRIP]) {
    ck_group group = ck_group_of(type, panel, depth, strips, strip / CK_GROUP * CK_GROUP);
    for (size_t from = 0; from < depth; from += CK_PIECE_DEPTH) {
        ck_piece piece = ck_piece_of(type, group, depth, strip % CK_GROUP, from);
        switch (type) {
            LAY(CK_Q4_0) LAY(CK_Q4_1) LAY(CK_Q5_0) LAY(CK_Q5_1) LAY(CK_Q8_0) LAY(CK_IQ4_NL)
            LAY(CK_Q2_K) LAY(CK_Q3_K) LAY(CK_Q4_K) LAY(CK_Q5_K) LAY(CK_Q6_K) LAY(CK_IQ4_XS)
            default: break;
        }
    }
}
