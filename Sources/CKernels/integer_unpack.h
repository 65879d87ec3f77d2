// From the words of a strip (strips.h) to unsigned bytes, scales and offsets; included by integer_kernels.h.

/// Smallest number of bits that holds every unpacked weight, and what was added to make it unsigned.
INLINE int bits_of(ck_type type) {
    switch (type) {
        case CK_Q2_K: return 2;
        case CK_Q3_K: return 3;
        case CK_Q5_0:
        case CK_Q5_1:
        case CK_Q5_K: return 5;
        case CK_Q6_K: return 6;
        case CK_Q8_0:
        case CK_IQ4_NL:
        case CK_IQ4_XS: return 8;
        default: return 4;
    }
}

INLINE int offset_bits_of(ck_type type) {
    switch (type) {
        case CK_Q3_K: return 2;
        case CK_Q4_0: return 3;
        case CK_Q5_0: return 4;
        case CK_Q6_K: return 5;
        case CK_Q8_0:
        case CK_IQ4_NL:
        case CK_IQ4_XS: return 7;
        default: return -1;
    }
}

/// Values of IQ4 types, plus 128.
static const uint8_t iq4_table[16] = {1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241};

INLINE vb vector_at(const uint8_t *vectors, size_t index, size_t part) {
    return *(const vb *)(vectors + index * 64 + part * LANES * 4);
}

/// The bits of `mask` at bit `from` of each byte, moved to bit `to`. Bits that cross into a neighbour are masked away.
INLINE vb field(vb v, const int from, const int to, const uint8_t mask) {
    vh bits = (vh)v;
    if (from > to) bits = bits >> (vh)(uint16_t)(from - to);
    if (from < to) bits = bits << (vh)(uint16_t)(to - from);
    return (vb)bits & (vb)(uint8_t)(mask << to);
}

/// Units of a group: they are unpacked by shifts known when compiling. Two at least, as two share a scale.
INLINE int phases_of(ck_type type) {
    size_t units = ck_group_units(ck_parts_of(type));
    return units < 2 ? 2 : (int)units;
}

/// The 32 values of unit `j` of a block, 4 to a vector, as unsigned bytes. `phase` is j modulo phases_of(type).
INLINE void unpack(
    const ck_type type, const uint8_t *block, ck_places at, size_t part, size_t j, const int phase, vb w[8]) {
    const ck_parts parts = ck_parts_of(type);
    const uint8_t *high = block + at.groups + j / ck_group_units(parts) * ck_group_bytes(parts);
    const uint8_t *words = high + parts.high * 64;
#pragma clang loop unroll(full)
    for (int g = 0; g < 8; g++) {
        size_t v = (size_t)g, p = (size_t)phase;
        switch (type) {
            case CK_Q4_0:
            case CK_Q4_1: w[g] = field(vector_at(words, v % 4, part), g < 4 ? 0 : 4, 0, 15); break;
            case CK_IQ4_NL:
            case CK_IQ4_XS:
                w[g] = lookup(field(vector_at(words, v % 4, part), g < 4 ? 0 : 4, 0, 15), iq4_table);
                break;
            case CK_Q5_0:
            case CK_Q5_1:
                w[g] = field(vector_at(words, v % 4, part), g < 4 ? 0 : 4, 0, 15)
                    | field(vector_at(high, 0, part), g, 4, 1);
                break;
            case CK_Q8_0: w[g] = vector_at(words, v, part); break;
            case CK_Q4_K: w[g] = field(vector_at(words, v, part), 4 * phase, 0, 15); break;
            case CK_Q5_K:
                w[g] = field(vector_at(words, p / 2 * 8 + v, part), 4 * (phase % 2), 0, 15)
                    | field(vector_at(high, v, part), phase, 4, 1);
                break;
            case CK_Q6_K:
                w[g] = field(vector_at(words, p % 2 * 8 + v, part), 4 * (phase / 2), 0, 15)
                    | field(vector_at(high, v, part), 2 * phase, 4, 3);
                break;
            case CK_Q3_K:
                w[g] = field(vector_at(words, p / 4 * 8 + v, part), 2 * (phase % 4), 0, 3)
                    | field(vector_at(high, v, part), phase, 2, 1);
                break;
            case CK_Q2_K: w[g] = field(vector_at(words, v, part), 2 * phase, 0, 3); break;
            default: break;
        }
    }
}

typedef uint8_t byte_lanes __attribute__((ext_vector_type(LANES), aligned(1), may_alias));
typedef uint8_t byte_pairs __attribute__((ext_vector_type(2 * LANES), aligned(1), may_alias));
typedef int8_t signed_pairs __attribute__((ext_vector_type(2 * LANES), aligned(1), may_alias));

/// Pair `index` of bytes of each row, as int16.
INLINE vs pair_at(const uint8_t *pairs, size_t index, size_t part, const bool is_signed) {
    const uint8_t *p = pairs + (index * CK_STRIP + part * LANES) * 2;
    return is_signed ? __builtin_convertvector(*(const signed_pairs *)p, vs)
                     : __builtin_convertvector(*(const byte_pairs *)p, vs);
}

/// Two scales of each row: of two units, or of the halves of a unit.
INLINE vs scale_pairs(const ck_type type, const uint8_t *block, ck_places at, size_t part, size_t index) {
    bool is_signed = type == CK_Q3_K || type == CK_Q6_K || type == CK_IQ4_XS;
    return pair_at(block + at.scales, index, part, is_signed);
}

INLINE vf factor_at(const uint8_t *block, size_t part, size_t index) {
    return halves(block + (index * CK_STRIP + part * LANES) * 2);
}

/// Where the sum of a unit, or of a half, starts: minus the offset of the weights times the sum of the activations.
INLINE vi start(const ck_type type, int32_t minus_sum) {
    const int bits = offset_bits_of(type), there = ck_parts_of(type).scales == 16 ? HALVES_BITS : UNITS_BITS;
    if (bits < 0 || (SIGNED_BYTES && bits == 7)) return splat_int(0);
    vi sum = splat_int(minus_sum);
    if (bits == there) return sum;
    // The compiler would shift one number and then spread it, where a load spreads it for nothing.
    __asm__("" : "+v"(sum));
    return bits < there ? sum >> (there - bits) : sum << (bits - there);
}

// Sums of two units become pairs of int16, so that one instruction multiplies both by their scales (with SCALED_DOTS
// the scales come sooner). A unit's sum is at most 2 x HALF_BYTES times 15 (Q4_K), 31 (Q5_K) or 127 (IQ4_XS).

/// The sum of the second unit is added to the first one's, which stands 16 bits higher: one instruction less. That
/// takes 1 off the first where the second is negative, nothing beside the errors of 8-bit activations.
INLINE bool stacks(const ck_type type) { return type == CK_Q4_K; }

/// Low bits that go, as sums are too large.
INLINE int dropped_bits_of(const ck_type type) {
    return SCALED_DOTS ? 0 : type == CK_Q5_K ? 1 : type == CK_IQ4_XS ? 3 : 0;
}

/// Added to the sum of unit `j`. On average half of 1 is lost in each first unit of Q4_K and in each unit of Q5_K, which
/// would add up where scales have one sign; with this, every other one gains as much.
INLINE int32_t rounding_of(const ck_type type, size_t j) {
    return type == CK_Q4_K ? j % 4 == 0 : type == CK_Q5_K ? j % 2 : 0;
}

INLINE vs joined(const ck_type type, vi low, vi high) {
    const int dropped = dropped_bits_of(type);
    return stacks(type) ? (vs)((high << 16) + low) : merged(low >> dropped, high << (16 - dropped));
}
