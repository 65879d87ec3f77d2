#ifndef CK_STRIPS_H
#define CK_STRIPS_H

#include "include/kernels.h"

// How quantized weights lie in a strip. A strip is CK_STRIP rows; inside it depth runs in blocks of CK_UNITS units of
// 32 values (the last block may have fewer). The bits of a block are vectors of 64 bytes: 16 rows x 4 bytes, each 4
// bytes a word of the file as it stands there, so laying a strip out only moves words. What a word's bits mean is
// unpacked in registers (integer_kernels.h). One layout serves every instruction set.
//
//   words       [vector][16 rows][4 bytes]
//   high bits   [vector][16 rows][4 bytes]
//   scales      [scale][16 rows], a byte each: s8, or u8 where minima are subtracted
//   minima      [pair of units][16 rows][2 units] u8 (Q4_K, Q5_K), or [minimum][16 rows] (Q2_K)
//   factors     [d, then m or dmin][unit][16 rows] f16; one unit for a block of 256
//
// Every block is padded to 64 bytes.

enum { CK_UNIT = 32, CK_UNITS = 8, CK_BLOCK_DEPTH = CK_UNIT * CK_UNITS };

/// Vectors and bytes of one block: `blocks_of_256` types count a whole block, the others one unit of 32.
typedef struct {
    bool whole;      // a block of 256 values is one block of the file
    uint8_t words;   // vectors
    uint8_t high;    // vectors of high bits
    uint8_t scales;  // bytes a row
    uint8_t minima;  // bytes a row
    uint8_t factors; // f16 numbers a row
} ck_parts;

static inline __attribute__((always_inline)) ck_parts ck_parts_of(ck_type type) {
    switch (type) {
        case CK_Q4_0:
        case CK_IQ4_NL: return (ck_parts){.words = 4, .factors = 1};
        case CK_Q4_1: return (ck_parts){.words = 4, .factors = 2};
        case CK_Q5_0: return (ck_parts){.words = 4, .high = 1, .factors = 1};
        case CK_Q5_1: return (ck_parts){.words = 4, .high = 1, .factors = 2};
        case CK_Q8_0: return (ck_parts){.words = 8, .factors = 1};
        case CK_Q2_K: return (ck_parts){true, .words = 16, .scales = 16, .minima = 16, .factors = 2};
        case CK_Q3_K: return (ck_parts){true, .words = 16, .high = 8, .scales = 16, .factors = 1};
        case CK_Q4_K: return (ck_parts){true, .words = 32, .scales = 8, .minima = 8, .factors = 2};
        case CK_Q5_K: return (ck_parts){true, .words = 32, .high = 8, .scales = 8, .minima = 8, .factors = 2};
        case CK_Q6_K: return (ck_parts){true, .words = 32, .high = 16, .scales = 16, .factors = 1};
        case CK_IQ4_XS: return (ck_parts){true, .words = 32, .scales = 8, .factors = 1};
        default: return (ck_parts){0};
    }
}

/// Where the parts of a block begin, and its bytes.
typedef struct {
    size_t high, scales, minima, factors, bytes;
} ck_places;

static inline __attribute__((always_inline)) ck_places ck_places_of(ck_parts parts, size_t units) {
    size_t count = parts.whole ? 1 : units;
    ck_places at;
    at.high = count * parts.words * 64;
    at.scales = at.high + count * parts.high * 64;
    at.minima = at.scales + count * parts.scales * CK_STRIP;
    at.factors = at.minima + count * parts.minima * CK_STRIP;
    at.bytes = (at.factors + count * parts.factors * CK_STRIP * 2 + 63) / 64 * 64;
    return at;
}

static inline size_t ck_integer_strip_bytes(ck_type type, size_t depth) {
    ck_parts parts = ck_parts_of(type);
    size_t rest = depth % CK_BLOCK_DEPTH / CK_UNIT;
    size_t bytes = depth / CK_BLOCK_DEPTH * ck_places_of(parts, CK_UNITS).bytes;
    return rest == 0 ? bytes : bytes + ck_places_of(parts, rest).bytes;
}

/// Writes 16 rows as stored (NULL for a row of zeros) as one strip. `depth` is a multiple of the type's block.
void ck_lay_strip(ck_type type, void *strip, size_t depth, const void *const rows[CK_STRIP]);

#endif
