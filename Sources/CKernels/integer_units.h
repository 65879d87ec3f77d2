// Units and blocks of a strip times a tile's operands (integer_kernels.h, which includes this file, has the layouts and
// says in which order sums are made).

enum {
    NARROW = 2,  // columns; with more, arithmetic counts, with fewer how fast the weights come
    WIDE = 8,    // with more, what counts is the number of instructions, with fewer how long they wait
};

INLINE void zero(const int n, vf *t) {
#pragma clang loop unroll(full)
    for (int c = 0; c < n; c++) t[c] = splat(0);
}

/// t[c] = (first) or += one unit of 32 values that has an f16 scale.
INLINE void add_unit(
    const ck_type type, const int n, const uint8_t *block, ck_places at, size_t units, size_t part, size_t j,
    const int phase, const int32_t *x, vf *t) {
    const bool first = phase % 2 == 0;
    const int32_t *values = x + (I_VALUES + 8 * j) * (size_t)n, *sums = x + (I_UNITS + j) * (size_t)n;
    vf scale = factor_at(block, part, j);
    vb w[8];
    unpack(type, block, at, part, j, phase, w);
#pragma clang loop unroll(full)
    for (int c = 0; c < n; c++) {
        vi a = dots(start(type, sums[c]), w, 8, values + c, (size_t)n, bits_of(type));
        t[c] = first ? floats(a) * scale : fused(floats(a), scale, t[c]);
    }
    if (ck_parts_of(type).factors < 2) return;
    vf m = -factor_at(block, part, units + j) * (1.0f / (1 << UNITS_BITS));
#pragma clang loop unroll(full)
    for (int c = 0; c < n; c++) t[c] = fused(m, floats(splat_int(sums[c])), t[c]);
}

/// s[c] = (first) or += one unit of a type whose halves have integer scales, times them.
INLINE void add_scaled_halves(
    const ck_type type, const int n, const uint8_t *block, ck_places at, size_t part, size_t j, const int phase,
    const int32_t *x, vi *s) {
    const int32_t *values = x + (I_VALUES + 8 * j) * (size_t)n, *sums = x + (I_HALVES + 2 * j) * (size_t)n;
    vs scales = scale_pairs(type, block, at, part, j);
    vb w[8];
    unpack(type, block, at, part, j, phase, w);
#pragma clang loop unroll(full)
    for (int c = 0; c < n; c++) {
        vi low = dots(start(type, sums[c]), w, 4, values + c, (size_t)n, bits_of(type));
        vi high = dots(start(type, sums[n + c]), w + 4, 4, values + 4 * n + c, (size_t)n, bits_of(type));
        s[c] = pair_dots(phase % 2 == 0 ? splat_int(0) : s[c], merged(low, high << 16), scales);
    }
}

/// The same for wide tiles. Two columns side by side are four chains of dots, enough to fill the time that one of them
/// takes; more would not stay in registers.
INLINE void add_wide_halves(
    const ck_type type, const int n, const uint8_t *block, ck_places at, size_t part, size_t j, const int phase,
    const int32_t *x, vi *s) {
    enum { ABREAST = 2 };
    const int32_t *values = x + (I_VALUES + 8 * j) * (size_t)n, *sums = x + (I_HALVES + 2 * j) * (size_t)n;
    vs scales = scale_pairs(type, block, at, part, j);
    vb w[8];
    unpack(type, block, at, part, j, phase, w);
#pragma clang loop unroll(full)
    for (int begin = 0; begin < n; begin += ABREAST) {
        const int end = n - begin < ABREAST ? n : begin + ABREAST;
        vi low[INTEGER_COLUMNS], high[INTEGER_COLUMNS];
#pragma clang loop unroll(full)
        for (int c = begin; c < end; c++) {
            low[c] = start(type, sums[c]);
            high[c] = start(type, sums[n + c]);
        }
#pragma clang loop unroll(full)
        for (int g = 0; g < 4; g++) {
#pragma clang loop unroll(full)
            for (int c = begin; c < end; c++) {
                low[c] = dots(low[c], &w[g], 1, values + g * n + c, 0, bits_of(type));
                high[c] = dots(high[c], &w[4 + g], 1, values + (4 + g) * n + c, 0, bits_of(type));
            }
        }
#pragma clang loop unroll(full)
        for (int c = begin; c < end; c++) {
            s[c] = pair_dots(phase % 2 == 0 ? splat_int(0) : s[c], merged(low[c], high[c] << 16), scales);
        }
#pragma clang loop unroll(full)
        for (int c = begin; c < end; c++) column_by_column(&s[c]);
    }
}

/// s[c] = one unit of a type with an integer scale for each; after the second of two, both of them times their scales.
INLINE void add_scaled_unit(
    const ck_type type, const int n, const uint8_t *block, ck_places at, size_t part, size_t j, const int phase,
    const int32_t *x, vi *s) {
    const bool first = phase % 2 == 0;
    const int32_t *values = x + (I_VALUES + 8 * j) * (size_t)n, *sums = x + (I_UNITS + j) * (size_t)n;
    vs scales = scale_pairs(type, block, at, part, j / 2);
    vb w[8];
    unpack(type, block, at, part, j, phase, w);
#pragma clang loop unroll(full)
    for (int c = 0; c < n; c++) {
        vi from = start(type, sums[c]);
#if SCALED_DOTS
        if (!first) from = s[c];
        s[c] = scaled_dots(from, w, 8, values + c, (size_t)n, bits_of(type), one_of(scales, first));
#else
        from += rounding_of(type, j);
        vi sum = dots(from, w, 8, values + c, (size_t)n, bits_of(type));
        s[c] = first ? sum : pair_dots(splat_int(0), joined(type, sum, s[c]), scales);
#endif
    }
}

/// The second of two units of a type that stacks, for wide tiles: t[c] += both times their scales and the activations'.
/// Sums go on from those of the first unit. With fewer columns such a chain of 16 dots would wait for itself; here a few
/// columns side by side fill the time, and more would not stay in registers.
INLINE void add_stacked_unit(
    const ck_type type, const int n, const uint8_t *block, ck_places at, size_t part, size_t j, const int phase,
    const int32_t *x, const vi *s, vf *t) {
    enum { ABREAST = 4 };
    const int32_t *values = x + (I_VALUES + 8 * j) * (size_t)n, *scale = x + j / 2 * (size_t)n;
    vs scales = scale_pairs(type, block, at, part, j / 2);
    vb w[8];
    unpack(type, block, at, part, j, phase, w);
#pragma clang loop unroll(full)
    for (int begin = 0; begin < n; begin += ABREAST) {
        const int end = n - begin < ABREAST ? n : begin + ABREAST;
        vi sums[INTEGER_COLUMNS];
#pragma clang loop unroll(full)
        for (int c = begin; c < end; c++) sums[c] = s[c] << 16;
#pragma clang loop unroll(full)
        for (int g = 0; g < 8; g++) {
#pragma clang loop unroll(full)
            for (int c = begin; c < end; c++) sums[c] = dots(sums[c], &w[g], 1, values + g * n + c, 0, bits_of(type));
        }
#pragma clang loop unroll(full)
        for (int c = begin; c < end; c++) {
            vi sum = pair_dots(splat_int(0), (vs)sums[c], scales);
            t[c] = fused(floats(sum), splat(float_at(scale + c)), t[c]);
        }
#pragma clang loop unroll(full)
        for (int c = begin; c < end; c++) {
            vi held = (vi)t[c];
            column_by_column(&held);
            t[c] = (vf)held;
        }
    }
}

/// total[c] -= dmin * minima . sums of two units of Q2_K, which has a minimum for each half. The sums fit 16 bits, and
/// 2^HALVES_BITS times as much.
INLINE void subtract_halves(
    const int n, const uint8_t *block, ck_places at, size_t part, size_t pair, const int32_t *x, vf *total) {
    const int32_t *minus_sums = x + (I_HALVES + 4 * pair) * (size_t)n, *scales = x + pair * (size_t)n;
    vf dmin = factor_at(block, part, 1) * (1.0f / (1 << HALVES_BITS));
    vi minima[4];
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 4; i++) {
        const uint8_t *bytes = block + at.minima + (4 * pair + i) * CK_STRIP + part * LANES;
        minima[i] = __builtin_convertvector(*(const byte_lanes *)bytes, vi);
    }
#pragma clang loop unroll(full)
    for (int c = 0; c < n; c++) {
        vi sum = splat_int(0);
#pragma clang loop unroll(full)
        for (int i = 0; i < 4; i++) sum = pair_dots(sum, (vs)minima[i], (vs)splat_int(minus_sums[i * n + c]));
        total[c] = fused(dmin * floats(sum), splat(float_at(scales + c)), total[c]);
    }
}

/// total[c] -= dmin * minima . sums of the units of a block, for the other types of 256 values that have minima.
INLINE void subtract_minima(
    const int n, const uint8_t *block, ck_places at, size_t part, vf dmin, const int32_t *x, vf *total) {
    const uint8_t *minima = block + at.minima;
#pragma clang loop unroll(full)
    for (int c = 0; c < n; c++) {
        vi sum = splat_int(0);
#pragma clang loop unroll(full)
        for (size_t p = 0; p < CK_UNITS / 2; p++) {
            vs pair = (vs)splat_int(x[(I_PAIRS + p) * (size_t)n + (size_t)c]);
            sum = pair_dots(sum, pair_at(minima, p, part, false), pair);
        }
        vf scale = -dmin * splat(float_at(x + I_SUM_SCALE * n + c));
        total[c] = fused(scale, floats(sum), total[c]);
    }
}

/// Asks for a unit's share of the block at `later`. Evenly spread: a core has room for some two dozen lines on their way.
INLINE void fetch_unit(const uint8_t *later, ck_places at, size_t unit, const bool far) {
    size_t share = (at.bytes / CK_UNITS + 63) / 64 * 64;
    for (size_t i = 0; i < share; i += 64) {
        if (far) __builtin_prefetch(later + unit * share + i, 0, 2);
        else __builtin_prefetch(later + unit * share + i, 0, 3);
    }
}

enum {
    FAR = 8192,  // 4096 costs Q6_K and Q8_0 with 4 to 16 columns 10 to 15 %
    NEAR = 512,  // one column of Q6_K gets 82 % of 45 to 60 GB/s; 256 ahead 75, from 640 on 60 to 64
    NEXT = 192,  // of Q4_K 83 %; 512 ahead 76, without a hint 77
};

/// How many bytes ahead of its use a strip is asked for from memory. One or two columns are so little work that loads run
/// ahead by themselves: what the hardware foresees well is only slowed by more requests, the types of which it loses track
/// need a short hint, as all do where a line is read in two halves. More columns keep the loads back.
INLINE size_t ahead_of(const ck_type type, const int n) {
    if (n > NARROW) {
        // Whole blocks: none lies across the end of a piece.
        size_t block = ck_places_of(ck_parts_of(type), CK_UNITS).bytes;
        return (FAR + block - 1) / block * block;
    }
    if (LANES < 16) return NEXT;
    switch (type) {
        case CK_Q4_0:
        case CK_Q5_0:
        case CK_Q8_0:
        case CK_IQ4_NL:
        case CK_IQ4_XS: return 0;
        case CK_Q4_K: return NEXT;
        default: return NEAR;
    }
}

enum { PARTS = CK_STRIP / LANES };  // of a strip

/// total[p][c] += one block of the parts from `part` on, of a type whose units have f16 scales. `later` is asked for
/// meanwhile, if not NULL.
INLINE void add_units(
    const ck_type type, const int n, const int width, const uint8_t *block, ck_places at, size_t units, size_t part,
    const int32_t *x, vf total[PARTS][INTEGER_COLUMNS], const uint8_t *later) {
    const size_t ahead = ahead_of(type, n);
    vf t[PARTS][INTEGER_COLUMNS];
#pragma clang loop unroll(disable)
    for (size_t j = 0; j < units; j += 2) {
#pragma clang loop unroll(full)
        for (int phase = 0; phase < 2; phase++) {
            size_t unit = j + (size_t)phase;
            if (unit >= units) break;  // the end of a row whose units are odd
            if (ahead > 0 && later) fetch_unit(later, at, unit, ahead > NEAR);
            const int32_t *scales = x + unit / 2 * (size_t)n;
#pragma clang loop unroll(full)
            for (int p = 0; p < width; p++) {
                add_unit(type, n, block, at, units, part + (size_t)p, unit, phase, x, t[p]);
                if (phase == 0 && unit + 1 < units) continue;
#pragma clang loop unroll(full)
                for (int c = 0; c < n; c++) total[p][c] = fused(t[p][c], splat(float_at(scales + c)), total[p][c]);
            }
        }
    }
}

/// The same of a type with a factor for 256 values and integer scales.
INLINE void add_block(
    const ck_type type, const int n, const int width, const uint8_t *block, ck_places at, size_t part,
    const int32_t *x, vf total[PARTS][INTEGER_COLUMNS], const uint8_t *later) {
    const ck_parts parts = ck_parts_of(type);
    const int phases = phases_of(type);
    const size_t ahead = ahead_of(type, n);
    vi s[PARTS][INTEGER_COLUMNS];
    vf t[PARTS][INTEGER_COLUMNS];
#pragma clang loop unroll(full)
    for (int p = 0; p < width; p++) zero(n, t[p]);
#pragma clang loop unroll(disable)
    for (size_t j = 0; j < CK_UNITS; j += (size_t)phases) {
#pragma clang loop unroll(full)
        for (int phase = 0; phase < phases; phase++) {
            size_t unit = j + (size_t)phase;
            if (ahead > 0 && later) fetch_unit(later, at, unit, ahead > NEAR);
            const int32_t *scales = x + unit / 2 * (size_t)n;
#pragma clang loop unroll(full)
            for (int p = 0; p < width; p++) {
                if (stacks(type) && phase % 2 == 1 && n > WIDE) {
                    add_stacked_unit(type, n, block, at, part + (size_t)p, unit, phase, x, s[p], t[p]);
                    continue;
                } else if (parts.scales == 16 && n > WIDE) {
                    add_wide_halves(type, n, block, at, part + (size_t)p, unit, phase, x, s[p]);
                } else if (parts.scales == 16) {
                    add_scaled_halves(type, n, block, at, part + (size_t)p, unit, phase, x, s[p]);
                } else {
                    add_scaled_unit(type, n, block, at, part + (size_t)p, unit, phase, x, s[p]);
                }
                if (phase % 2 == 0) continue;
                if (type == CK_Q2_K) subtract_halves(n, block, at, part + (size_t)p, unit / 2, x, total[p]);
#pragma clang loop unroll(full)
                for (int c = 0; c < n; c++) t[p][c] = fused(floats(s[p][c]), splat(float_at(scales + c)), t[p][c]);
            }
        }
    }
#pragma clang loop unroll(full)
    for (int p = 0; p < width; p++) {
        size_t place = part + (size_t)p;
        vf d = factor_at(block, place, 0) * (float)(1 << dropped_bits_of(type));
#pragma clang loop unroll(full)
        for (int c = 0; c < n; c++) total[p][c] = fused(t[p][c], d, total[p][c]);
        if (parts.minima == CK_UNITS) subtract_minima(n, block, at, place, factor_at(block, place, 1), x, total[p]);
    }
}
