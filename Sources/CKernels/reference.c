#include <float.h>
#include <math.h>
#include <string.h>

#include "tables.h"

// Plain C over plain rows in float32: slow, portable, and easy to believe. A panel is the matrix itself, row
// after row; operands are the activations, column after column. OpenBLAS takes both as they are.

static bool supported(void) { return true; }

static size_t strip_bytes(size_t depth) { return CK_STRIP * depth * sizeof(float); }

static void lay(
    void *panel, size_t depth, size_t strips, size_t strip, ck_type type, size_t stored,
    const void *const rows[CK_STRIP], float *scratch) {
    (void)strips;
    for (size_t r = 0; r < CK_STRIP; r++) {
        if (!rows[r]) continue;
        ck_dequantize(type, rows[r], scratch, stored);
        memcpy((float *)panel + (strip * CK_STRIP + r) * depth, scratch, depth * sizeof(float));
    }
}

static void row_of(const void *panel, size_t depth, size_t strips, size_t row, float *values) {
    (void)strips;
    memcpy(values, (const float *)panel + row * depth, depth * sizeof(float));
}

static size_t column_bytes(size_t depth) { return depth * sizeof(float); }

static void unpack(const void *operands, size_t depth, size_t columns, size_t column, float *values) {
    (void)columns;
    memcpy(values, (const float *)operands + column * depth, depth * sizeof(float));
}

static void pack(
    void *operands, size_t depth, size_t columns, size_t column, size_t first, const float *values, size_t count) {
    (void)columns;
    memcpy((float *)operands + column * depth + first, values, count * sizeof(float));
}

/// Sixteen partial sums, so that a compiler may use any vectors it has without changing the result.
static float dot(const float *a, const float *b, size_t count) {
    float sums[CK_STRIP] = {0};
    for (size_t i = 0; i < count; i += CK_STRIP) {
        for (size_t j = 0; j < CK_STRIP; j++) sums[j] += a[i + j] * b[i + j];
    }
    for (size_t half = CK_STRIP / 2; half > 0; half /= 2) {
        for (size_t j = 0; j < half; j++) sums[j] += sums[j + half];
    }
    return sums[0];
}

static void multiply(
    const void *panel, size_t depth, size_t first_strip, size_t strips, const void *operands, size_t columns,
    float *out, size_t stride, bool add) {
    const float *rows = (const float *)panel + first_strip * CK_STRIP * depth;
    for (size_t r = 0; r < strips * CK_STRIP; r++) {
        for (size_t c = 0; c < columns; c++) {
            float sum = dot(rows + r * depth, (const float *)operands + c * depth, depth);
            out[c * stride + r] = add ? out[c * stride + r] + sum : sum;
        }
    }
}

static float inverse_rms(const float *x, float epsilon, size_t count) {
    return 1 / sqrtf(dot(x, x, count) / (float)count + epsilon);
}

static void scale_by(float *out, const float *x, float scale, const float *weight, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = x[i] * scale * weight[i];
}

static void gate(float *out, const float *gate, const float *up, size_t count) {
    for (size_t i = 0; i < count; i++) out[i] = gate[i] / (1 + expf(-gate[i])) * up[i];
}

// A block of one head is (64, head_size) keys, then (64, head_size) values.

static size_t block_bytes(size_t head_size) { return 2 * CK_BLOCK * head_size * sizeof(float); }

static void append(uint8_t *block, size_t head_size, size_t slot, const float *key, const float *value) {
    float *keys = (float *)block;
    memcpy(keys + slot * head_size, key, head_size * sizeof(float));
    memcpy(keys + (CK_BLOCK + slot) * head_size, value, head_size * sizeof(float));
}

// The same in 8 bits: (64, head_size) keys, (64, head_size) values, (64) scales of the keys, (64) of the values.

static size_t integer_block_bytes(size_t head_size) { return 2 * CK_BLOCK * (head_size + sizeof(float)); }

/// Vector `index` of the 128 of a block.
static void store_bytes(uint8_t *block, size_t head_size, size_t index, const float *x) {
    float largest = 0, *scales = (float *)(block + 2 * CK_BLOCK * head_size);
    bool finite = true;
    for (size_t i = 0; i < head_size; i++) {
        finite &= isfinite(x[i]);
        largest = fmaxf(largest, fabsf(x[i]));
    }
    scales[index] = finite ? largest / 127 : NAN;
    int8_t *bytes = (int8_t *)block + index * head_size;
    for (size_t i = 0; i < head_size; i++) {
        bytes[i] = scales[index] >= FLT_MIN ? (int8_t)fmaxf(-127, fminf(127, rintf(x[i] / scales[index]))) : 0;
    }
}

static void load_bytes(const uint8_t *block, size_t head_size, size_t index, float *x) {
    const float *scales = (const float *)(block + 2 * CK_BLOCK * head_size);
    const int8_t *bytes = (const int8_t *)block + index * head_size;
    for (size_t i = 0; i < head_size; i++) x[i] = (float)bytes[i] * scales[index];
}

static void integer_append(uint8_t *block, size_t head_size, size_t slot, const float *key, const float *value) {
    store_bytes(block, head_size, slot, key);
    store_bytes(block, head_size, CK_BLOCK + slot, value);
}

/// One query over the positions 0 ... last, block by block with a running maximum (online softmax).
/// `expanded` takes one block of 8-bit keys and values as f32; NULL where the cache is f32.
static void attend_one(
    const ck_attention *a, const int32_t *blocks, const float *query, size_t last, float *output, float *expanded) {
    size_t d = a->head_size;
    float scale = 1 / sqrtf((float)d), maximum = -INFINITY, sum = 0;
    memset(output, 0, d * sizeof(float));
    for (size_t first = 0; first <= last; first += CK_BLOCK) {
        const uint8_t *block = a->cache + (size_t)blocks[first / CK_BLOCK] * a->block_stride;
        for (size_t t = 0; expanded && t < 2 * CK_BLOCK; t++) load_bytes(block, d, t, expanded + t * d);
        const float *keys = expanded ? expanded : (const float *)block;
        const float *values = keys + CK_BLOCK * d;
        size_t count = last - first + 1 < CK_BLOCK ? last - first + 1 : CK_BLOCK;
        float scores[CK_BLOCK], block_maximum = maximum;
        for (size_t t = 0; t < count; t++) {
            scores[t] = dot(query, keys + t * d, d) * scale;
            if (scores[t] > block_maximum) block_maximum = scores[t];
        }
        float correction = block_maximum == maximum ? 1 : expf(maximum - block_maximum);
        maximum = block_maximum;
        sum *= correction;
        for (size_t i = 0; i < d; i++) output[i] *= correction;
        for (size_t t = 0; t < count; t++) {
            float p = expf(scores[t] - maximum);
            sum += p;
            for (size_t i = 0; i < d; i++) output[i] += p * values[t * d + i];
        }
    }
    for (size_t i = 0; i < d; i++) output[i] /= sum;
}

static void attend_rows(const ck_attention *a, float *expanded) {
    float *output = a->scratch, *queries = a->queries;
    for (const ck_part *part = a->parts; part < a->parts + a->part_count; part++) {
        for (size_t r = 0; r < part->rows; r++, queries += a->stride) {
            for (size_t g = 0; g < a->group; g++) {
                float *query = queries + g * a->head_size;
                attend_one(a, part->blocks, query, part->position + r, output, expanded);
                memcpy(query, output, a->head_size * sizeof(float));
            }
        }
    }
}

static void attend(const ck_attention *a) { attend_rows(a, NULL); }

static void integer_attend(const ck_attention *a) { attend_rows(a, (float *)a->scratch + a->head_size); }

static size_t attention_scratch(size_t head_size, size_t group) {
    (void)group;
    return head_size * sizeof(float);
}

static size_t integer_attention_scratch(size_t head_size, size_t group) {
    (void)group;
    return (1 + 2 * CK_BLOCK) * head_size * sizeof(float);
}

static size_t argmax(const float *x, size_t count, float *value) {
    size_t best = 0;
    for (size_t i = 0; i < count; i++) {
        if (isnan(x[i])) {
            *value = x[i];
            return i;
        }
        if (x[i] > x[best]) best = i;
    }
    *value = x[best];
    return best;
}

static float weight_of(float x, float scale, float maximum) { return expf(scale * (x - maximum)); }

static double weigh(const float *x, size_t count, float scale, float maximum, double *parts) {
    double sum = 0;
    for (size_t start = 0; start < count; start += CK_STRETCH) {
        double part = 0;
        for (size_t i = start; i < count && i < start + CK_STRETCH; i++) part += weight_of(x[i], scale, maximum);
        if (parts) parts[start / CK_STRETCH] = part;
        sum += part;
    }
    return sum;
}

static size_t pick(const float *x, size_t count, float scale, float maximum, double left) {
    size_t last = count;
    for (size_t i = 0; i < count; i++) {
        float weight = weight_of(x[i], scale, maximum);
        if (weight > 0) last = i;
        left -= weight;
        if (left < 0) break;
    }
    return last;
}

static bool is_ahead(const float *x, size_t i, float value, size_t place) {
    return x[i] > value || (x[i] == value && i < place);
}

static double behind(
    const float *x, size_t count, float scale, float maximum, float value, size_t place, double enough) {
    double sum = 0;
    for (size_t i = 0; i < count && sum <= enough; i++) {
        if (!is_ahead(x, i, value, place)) sum += weight_of(x[i], scale, maximum);
    }
    return sum;
}

static size_t leading(
    const float *x, const int32_t *ids, size_t count, float value, size_t place, float *values, int32_t *value_ids) {
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_ahead(x, i, value, place)) continue;
        values[found] = x[i];
        value_ids[found] = ids ? ids[i] : (int32_t)i;
        found++;
    }
    return found;
}

static double exercise(size_t rounds) {
    float a[256], b[256];
    for (size_t i = 0; i < 256; i++) a[i] = b[i] = (float)i * 1e-3f;
    volatile float sink = 0;
    for (size_t i = 0; i < rounds; i++) sink = sink + dot(a, b, 256);
    return (double)rounds * 256;
}

static const ck_format float_format = {
    .name = "F32",
    .form = CK_FLOATS,
    .strip_bytes = strip_bytes,
    .lay = lay,
    .row = row_of,
    .multiply = multiply,
};

/// Every stored type is computed in f32.
static const ck_format *format_of(ck_type type) {
    (void)type;
    return &float_format;
}

const ck_table ck_reference = {
    .name = "reference",
    .columns = 8,
    .supported = supported,
    .format = format_of,
    .forms = {[CK_FLOATS] = {
        .name = "f32",
        .unit = CK_STRIP,
        .columns = 1,
        .column_bytes = column_bytes,
        .pack = pack,
        .unpack = unpack,
    }},
    .inverse_rms = inverse_rms,
    .scale = scale_by,
    .gate = gate,
    .caches = {
        [CK_FULL_CACHE] = {
            .name = "f32",
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
    .exercise = {[CK_FLOATS] = exercise},
};
