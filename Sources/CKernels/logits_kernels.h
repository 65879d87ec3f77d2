// What sampling asks of a row of logits (kernels.h says what each function promises); included by panel_kernels.h.

INLINE i32x16 load_ids(const int32_t *p) { return *(const i32x16_unaligned *)p; }

/// The maximum of values, and whether any is NaN. Four chains of maxima: one would wait for itself.
INLINE float maximum_of(const float *x, size_t count, bool *nan) {
    f32x16 tops[4] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
    i32x16 unordered = 0;
    size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        f32x16 a = load(x + i), b = load(x + i + 16), c = load(x + i + 32), d = load(x + i + 48);
        tops[0] = __builtin_elementwise_max(tops[0], a);
        tops[1] = __builtin_elementwise_max(tops[1], b);
        tops[2] = __builtin_elementwise_max(tops[2], c);
        tops[3] = __builtin_elementwise_max(tops[3], d);
        unordered |= ((a != a) | (b != b)) | ((c != c) | (d != d));
    }
    tops[0] = __builtin_elementwise_max(tops[0], tops[1]);
    tops[2] = __builtin_elementwise_max(tops[2], tops[3]);
    float best = largest_of(__builtin_elementwise_max(tops[0], tops[2]));
    *nan |= __builtin_reduce_or(unordered) != 0;
    for (; i < count; i++) {
        if (x[i] > best) best = x[i];
        *nan |= x[i] != x[i];
    }
    return best;
}

/// One pass: only the stretch that holds the maximum is searched for its place.
static size_t argmax(const float *x, size_t count, float *value) {
    float best = -INFINITY;
    size_t where = 0;
    bool nan = false;
    for (size_t start = 0; start < count; start += CK_STRETCH) {
        float top = maximum_of(x + start, count - start < CK_STRETCH ? count - start : CK_STRETCH, &nan);
        if (top > best) {
            best = top;
            where = start;
        }
    }
    *value = nan ? NAN : best;
    if (nan) return where;
    while (where + 16 <= count && __builtin_reduce_or(load(x + where) == best) == 0) where += 16;
    while (where + 1 < count && x[where] != best) where++;
    return where;
}

/// 2^x for x up to 0, to about 2 ulp; exactly 1 at 0, and 0 below -126. Half as long as exp_of.
INLINE f32x16 power_of(f32x16 x) {
    const f32x16 low = -126, zero = 0, shift = 0x1.8p23f;  // adding `shift` leaves the whole part in the lowest bits
    f32x16 y = __builtin_elementwise_max(x, low);
    f32x16 whole = y + shift;
    f32x16 r = y - (whole - shift);
    f32x16 p = r * 1.3264707783e-3f + 9.6715112265e-3f;
    p = p * r + 5.5507337766e-2f;
    p = p * r + 2.4022242108e-1f;
    p = p * r + 6.9314697760e-1f;
    p = p * r + 1.0f;
    return choose(x < low, zero, (f32x16)((i32x16)p + ((i32x16)whole << 23)));
}

static const float per_ln2 = 1.44269504f;

/// exp(scale * (x - maximum)); `factor` is scale / ln 2.
INLINE f32x16 weights_of(f32x16 x, float factor, float maximum) { return power_of((x - maximum) * factor); }

/// Sixteen values, or the `count` that are left, filled up with ones that weigh nothing.
INLINE f32x16 load_some(const float *x, size_t count) {
    if (count >= 16) return load(x);
    f32x16 rest = -INFINITY;
    memcpy(&rest, x, count * sizeof *x);
    return rest;
}

INLINE i32x16 lanes_from(size_t first) {
    const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    return lane + (int32_t)first;
}

static double weigh(const float *x, size_t count, float scale, float maximum, double *parts) {
    float factor = scale * per_ln2;
    double sum = 0;
    for (size_t start = 0; start < count; start += CK_STRETCH) {
        size_t end = count - start < CK_STRETCH ? count : start + CK_STRETCH, i = start;
        f32x16 part = 0;  // short float sums, long double sums
        for (; i + 16 <= end; i += 16) part += weights_of(load(x + i), factor, maximum);
        if (i < end) part += weights_of(load_some(x + i, end - i), factor, maximum);
        double part_sum = sum_of(part);
        if (parts) parts[start / CK_STRETCH] = part_sum;
        sum += part_sum;
    }
    return sum;
}

static size_t pick(const float *x, size_t count, float scale, float maximum, double left) {
    float factor = scale * per_ln2;
    // The vector that `left` may end in, its weights and their sum; those that weigh nothing are passed over.
    size_t chosen = count;
    f32x16 weights = 0;
    double sum = 0;
    for (size_t start = 0; start < count && left >= sum; start += 16) {
        f32x16 these = weights_of(load_some(x + start, count - start), factor, maximum);
        double these_sum = sum_of(these);
        if (these_sum == 0) continue;
        left -= sum;
        chosen = start;
        weights = these;
        sum = these_sum;
    }
    size_t last = count;
    for (size_t i = 0; chosen < count && i < 16; i++) {
        if (weights[i] > 0) last = chosen + i;
        if (left < weights[i]) break;
        left -= weights[i];
    }
    return last;
}

static double behind(
    const float *x, size_t count, float scale, float maximum, float value, size_t place, double enough) {
    const f32x16 zero = 0;
    float factor = scale * per_ln2;
    double sum = 0;
    for (size_t start = 0; start < count && sum <= enough; start += CK_STRETCH / 4) {
        size_t end = count - start < CK_STRETCH / 4 ? count : start + CK_STRETCH / 4;
        f32x16 part = 0;
        for (size_t i = start; i < end; i += 16) {
            f32x16 v = load_some(x + i, end - i);
            i32x16 ahead = (v > value) | ((v == value) & (lanes_from(i) < (int32_t)place));
            part += choose(ahead, zero, weights_of(v, factor, maximum));
        }
        sum += sum_of(part);
    }
    return sum;
}

/// Copies the values of start ..< end that are at least `bound`, with their ids. Most vectors hold none, so four of
/// them are passed over at a time. What is copied never gets ahead of what has been read, whole vectors included.
INLINE size_t squeeze_from(
    float bound, const float *x, const int32_t *ids, size_t start, size_t end, float *values, int32_t *value_ids) {
    size_t found = 0, i = start;
    for (; i + 64 <= end; i += 64) {
        f32x16 v[4] = {load(x + i), load(x + i + 16), load(x + i + 32), load(x + i + 48)};
        f32x16 top = __builtin_elementwise_max(
            __builtin_elementwise_max(v[0], v[1]), __builtin_elementwise_max(v[2], v[3]));
        if (__builtin_reduce_or(top >= bound) == 0) continue;
#pragma clang loop unroll(full)
        for (size_t j = 0; j < 4; j++) {
            i32x16 id = ids ? load_ids(ids + i + 16 * j) : lanes_from(i + 16 * j);
            found += squeeze(v[j] >= bound, v[j], id, values + found, value_ids + found);
        }
    }
    for (; i < end; i++) {
        if (!(x[i] >= bound)) continue;
        float v = x[i];
        value_ids[found] = ids ? ids[i] : (int32_t)i;
        values[found++] = v;
    }
    return found;
}

static size_t leading(
    const float *x, const int32_t *ids, size_t count, float value, size_t place, float *values, int32_t *value_ids) {
    if (place > count) place = count;
    size_t found = squeeze_from(value, x, ids, 0, place, values, value_ids);
    float above = nextafterf(value, INFINITY);
    return found + squeeze_from(above, x, ids, place, count, values + found, value_ids + found);
}
