#ifndef CK_STRIPS_H
#define CK_STRIPS_H

#include "include/kernels.h"

// How quantized weights lie in a panel. A strip is CK_STRIP rows; inside it depth runs in blocks of CK_UNITS units of
// 32 values (the last block may have fewer). A panel is groups of CK_GROUP strips, each
//
//   [piece of CK_PIECE_DEPTH values][strip][block]
//
// so that one column's activations of a piece stay in the first-level cache (32 KiB) while a strip's 4-bit weights (18
// KiB) pass through it: with all of a depth of 8192 they did not, which cost a tenth of the speed where two cores read
// 60 GB/s. The bits of a block are vectors of 64 bytes: 16 rows x 4 bytes, each 4 bytes a word of the file as it stands
// there, so laying a strip out only moves words. What a word's bits mean is unpacked in registers (integer_kernels.h).
// One layout serves every instruction set. A block is
//
//   factors     [d, then m or dmin][unit][16 rows] f16; one unit for a block of 256
//   scales      [unit][16 rows][2 halves] or [pair of units][16 rows][the second, the first] bytes: s8, or u8 where
//               minima are subtracted
//   minima      [pair of units][16 rows][2 units] u8 (Q4_K, Q5_K), or [minimum][16 rows] (Q2_K)
//   groups, from the next 64 bytes on: of units whose bits lie in the same words, one above the other
//     high bits [vector][16 rows][4 bytes]
//     words     [vector][16 rows][4 bytes]
//
// Everything lies in the order in which a product of one column uses it, so a panel is one ascending stream, which
// the hardware's prefetchers follow. With the factors last and all high bits behind all words, a column of Q6_K came at
// 46 % of the memory's speed without prefetches, now at 95 %.

enum { CK_UNIT = 32, CK_UNITS = 8, CK_BLOCK_DEPTH = CK_UNIT * CK_UNITS };

/// What a block of 256 values has, or where a block of the file is 32 values (`whole` is false) what a unit has.
typedef struct {
    bool whole;
    uint8_t groups;
    uint8_t high;    // vectors of a group
    uint8_t words;   // vectors of a group
    uint8_t scales;  // bytes a row
    uint8_t minima;  // bytes a row
    uint8_t factors; // f16 numbers a row
} ck_parts;

static inline __attribute__((always_inline)) ck_parts ck_parts_of(ck_type type) {
    switch (type) {
        case CK_Q4_0:
        case CK_IQ4_NL: return (ck_parts){.groups = 1, .words = 4, .factors = 1};
        case CK_Q4_1: return (ck_parts){.groups = 1, .words = 4, .factors = 2};
        case CK_Q5_0: return (ck_parts){.groups = 1, .high = 1, .words = 4, .factors = 1};
        case CK_Q5_1: return (ck_parts){.groups = 1, .high = 1, .words = 4, .factors = 2};
        case CK_Q8_0: return (ck_parts){.groups = 1, .words = 8, .factors = 1};
        case CK_Q2_K: return (ck_parts){true, .groups = 2, .words = 8, .scales = 16, .minima = 16, .factors = 2};
        case CK_Q3_K: return (ck_parts){true, .groups = 1, .high = 8, .words = 16, .scales = 16, .factors = 1};
        case CK_Q4_K: return (ck_parts){true, .groups = 4, .words = 8, .scales = 8, .minima = 8, .factors = 2};
        case CK_Q5_K:
            return (ck_parts){true, .groups = 1, .high = 8, .words = 32, .scales = 8, .minima = 8, .factors = 2};
        case CK_Q6_K: return (ck_parts){true, .groups = 2, .high = 8, .words = 16, .scales = 16, .factors = 1};
        case CK_IQ4_XS: return (ck_parts){true, .groups = 8, .words = 4, .scales = 8, .factors = 1};
        default: return (ck_parts){0};
    }
}

static inline __attribute__((always_inline)) size_t ck_group_units(ck_parts parts) {
    return parts.whole ? CK_UNITS / parts.groups : 1;
}

static inline __attribute__((always_inline)) size_t ck_group_bytes(ck_parts parts) {
    return (size_t)(parts.high + parts.words) * 64;
}

/// Where the parts of a block begin, and its bytes.
typedef struct {
    size_t scales, minima, groups, bytes;
} ck_places;

static inline __attribute__((always_inline)) ck_places ck_places_of(ck_parts parts, size_t units) {
    size_t count = parts.whole ? 1 : units;
    ck_places at;
    at.scales = count * parts.factors * CK_STRIP * 2;
    at.minima = at.scales + count * parts.scales * CK_STRIP;
    at.groups = (at.minima + count * parts.minima * CK_STRIP + 63) / 64 * 64;
    at.bytes = at.groups + count * parts.groups * ck_group_bytes(parts);
    return at;
}

enum { CK_PIECE_DEPTH = 8 * CK_BLOCK_DEPTH };

static inline size_t ck_integer_strip_bytes(ck_type type, size_t depth) {
    ck_parts parts = ck_parts_of(type);
    size_t rest = depth % CK_BLOCK_DEPTH / CK_UNIT;
    size_t bytes = depth / CK_BLOCK_DEPTH * ck_places_of(parts, CK_UNITS).bytes;
    return rest == 0 ? bytes : bytes + ck_places_of(parts, rest).bytes;
}

/// One group of a panel.
typedef struct {
    const uint8_t *first;
    size_t strips;  // CK_GROUP, or what is left at the end
} ck_group;

/// The group of strips that begins with `first` of the panel's `strips`.
static inline ck_group ck_group_of(ck_type type, const uint8_t *panel, size_t depth, size_t strips, size_t first) {
    size_t left = strips - first;
    return (ck_group){panel + first * ck_integer_strip_bytes(type, depth), left < CK_GROUP ? left : CK_GROUP};
}

/// The blocks of a piece of a strip, which lie one after the other.
typedef struct {
    const uint8_t *begin, *end;
    size_t depth;
} ck_piece;

/// The piece that begins at depth `from`, a multiple of CK_PIECE_DEPTH, of a group's strip.
static inline ck_piece ck_piece_of(ck_type type, ck_group group, size_t depth, size_t strip, size_t from) {
    size_t count = depth - from < CK_PIECE_DEPTH ? depth - from : CK_PIECE_DEPTH;
    size_t bytes = ck_integer_strip_bytes(type, count);
    const uint8_t *begin = group.first + group.strips * ck_integer_strip_bytes(type, from) + strip * bytes;
    return (ck_piece){begin, begin + bytes, count};
}

/// Writes 16 rows as stored (NULL for a row of zeros) as one strip of a panel of `strips`. `depth` is a multiple of the
/// type's block.
void ck_lay_strip(
    ck_type type, void *panel, size_t depth, size_t strips, size_t strip, const void *const rows[CK_STRIP]);

#endif
