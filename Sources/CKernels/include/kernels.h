#ifndef CK_KERNELS_H
#define CK_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dequantize.h"

// Kernel tables: one per instruction set, the same functions in each. `reference` is the definition of right.
//
// Every kernel computes one output value in one fixed order of additions that depends on nothing but the
// value's own inputs. So a token's result is the same to the bit whatever else is in the batch.

enum {
    CK_STRIP = 16,  // rows of a strip, and the unit of every depth
    CK_GROUP = 4,   // strips that a format may keep together: products are of whole groups
    CK_BLOCK = 64,  // positions in one block of the K/V cache
    CK_SPAN = 16,   // most rows of one span (see forward.h)
    CK_STRETCH = 1024,  // logits whose weights are summed by themselves
};

/// Rows of one sequence in an attention: consecutive positions inside one CK_BLOCK.
typedef struct {
    size_t rows;
    size_t position;          // of the first row
    const int32_t *blocks;    // block numbers of the sequence, from position 0
} ck_part;

/// A block of one K/V head that will be read soon, and how many of its positions; 0 for none.
typedef struct {
    const uint8_t *block;
    size_t positions;
} ck_ahead;

/// The attention of one K/V head over the rows of one sequence, or of several that begin alike.
typedef struct {
    size_t head_size;         // multiple of CK_STRIP
    size_t group;             // query heads that share the K/V head
    const ck_part *parts;     // together 1 ... CK_SPAN rows
    size_t part_count;
    size_t shared;            // blocks that all parts begin with, all before the parts' rows
    float *queries;           // (rows, group, head_size), rows `stride` apart; the result replaces them
    size_t stride;
    const uint8_t *cache;     // K of block 0 for this layer and head; V follows K
    size_t block_stride;      // bytes from one block to the next
    ck_ahead next;            // behind the last of these: asked for from memory as the others are
    void *scratch;            // ck_cache.scratch bytes, 64-byte aligned
} ck_attention;

/// The two ways in which a table keeps keys and values.
typedef enum {
    CK_FULL_CACHE,     // bf16, or f32 in `reference`
    CK_INTEGER_CACHE,  // int8 with a scale for each vector
    CK_CACHES,
} ck_cache_kind;

typedef struct {
    const char *name;
    bool hadamard;  // queries, keys and values come, and results go, as their Walsh-Hadamard transforms (forward.c)
    /// Bytes of one block of one K/V head; multiple of 64.
    size_t (*block_bytes)(size_t head_size);
    /// Writes one key and value (head_size) at `slot` of a K/V block of one head. Slots are written in order.
    void (*append)(uint8_t *block, size_t head_size, size_t slot, const float *key, const float *value);
    /// softmax(q K^T / sqrt(head_size)) V with the causal mask.
    void (*attend)(const ck_attention *attention);
    size_t (*scratch)(size_t head_size, size_t group);
} ck_cache;

/// The forms in which a table holds activations.
typedef enum {
    CK_FLOATS,    // bf16, or f32 where the table has nothing faster
    CK_INTEGERS,  // int8 with a scale for each 64
    CK_SINGLES,   // f32, beside weights that bf16 would round
    CK_FORMS,
} ck_form_kind;

/// Activations (columns, depth) as operands of a product: groups of columns in the order that the kernels read.
/// 64-byte aligned. All zeros where no format of the table takes the form.
typedef struct {
    const char *name;
    size_t unit;     // depth is packed in multiples of it, but for the end
    size_t columns;  // of a group; 1 where each column lies by itself
    size_t (*column_bytes)(size_t depth);
    /// Writes values (count) as column `column` of `columns`, from depth `first`, a multiple of `unit`; `count` is a
    /// multiple of CK_STRIP.
    void (*pack)(
        void *operands, size_t depth, size_t columns, size_t column, size_t first, const float *values, size_t count);
    /// Reads a column (depth) back, as the products see it.
    void (*unpack)(const void *operands, size_t depth, size_t columns, size_t column, float *values);
} ck_form;

/// A way to keep a weight matrix (rows, depth): a panel of strips of CK_STRIP rows, in the order the kernels read. Rows are
/// padded to whole strips by zeros; depth is a multiple of CK_STRIP. Panels are 64-byte aligned, and groups of CK_GROUP
/// strips lie in a row.
typedef struct {
    const char *name;
    ck_form_kind form;  // of the activations it is multiplied with
    size_t (*strip_bytes)(size_t depth);
    /// Writes CK_STRIP rows of `stored` values of `type` (NULL for a row of zeros) as one strip of a zeroed panel of
    /// `strips`. scratch: (depth), zeros past `stored`.
    void (*lay)(
        void *panel, size_t depth, size_t strips, size_t strip, ck_type type, size_t stored,
        const void *const rows[CK_STRIP], float *scratch);
    /// Reads one row of a panel of `strips` back (embedding look-up).
    void (*row)(const void *panel, size_t depth, size_t strips, size_t row, float *values);
    /// out[c * stride + r] = (or += where `add`) sum over depth of panel[first_strip * CK_STRIP + r] * operand[c].
    /// `first_strip` and `strips` are multiples of CK_GROUP, but for the end of the panel.
    void (*multiply)(
        const void *panel, size_t depth, size_t first_strip, size_t strips, const void *operands, size_t columns,
        float *out, size_t stride, bool add);
} ck_format;

typedef struct {
    const char *name;
    size_t columns;        // of the widest tile of CK_FLOATS; items of products have multiples of it
    size_t item_strips;    // strips of one work item of a product; 0 lets the size decide

    bool (*supported)(void);

    /// How a matrix of this stored type is kept. Never NULL.
    const ck_format *(*format)(ck_type type);
    ck_form forms[CK_FORMS];
    ck_cache caches[CK_CACHES];

    /// RMSNorm in two parts: 1 / sqrt(mean(x^2) + epsilon), and out = x * scale * weight.
    float (*inverse_rms)(const float *x, float epsilon, size_t count);
    void (*scale)(float *out, const float *x, float scale, const float *weight, size_t count);
    /// out = gate / (1 + exp(-gate)) * up
    void (*gate)(float *out, const float *gate, const float *up, size_t count);

    /// Index of the largest value, the lowest of equals; *value is NaN if any of them is.
    size_t (*argmax)(const float *x, size_t count, float *value);

    // Sampling. A logit's weight is exp(scale * (x - maximum)), its probability times the denominator. A logit comes
    // before (value, place) if it is larger than `value`, or equal to it with an index below `place`: the order of
    // the most likely first.

    /// Sum of the weights; `parts` gets that of each CK_STRETCH, and may be NULL.
    double (*weigh)(const float *x, size_t count, float scale, float maximum, double *parts);
    /// The index at which the running sum of the weights exceeds `left`, one near the end where rounding leaves none;
    /// `count` if nothing weighs anything. What it returns weighs something.
    size_t (*pick)(const float *x, size_t count, float scale, float maximum, double left);
    /// Sum of the weights of all that do not come before (value, place); stops early when it exceeds `enough`.
    double (*behind)(
        const float *x, size_t count, float scale, float maximum, float value, size_t place, double enough);
    /// Copies what comes before (value, place), in order of index, with its ids (NULL: the index); returns how many
    /// there are. May write where it reads; there must be room for `count`.
    size_t (*leading)(
        const float *x, const int32_t *ids, size_t count, float value, size_t place, float *values, int32_t *value_ids);

    /// The widest tile on data in the first-level cache, for measuring the peak; returns how many products were summed.
    double (*exercise[CK_FORMS])(size_t rounds);
} ck_table;

/// Tables that are built in, best first, whether or not this CPU runs them. NULL past the end.
const ck_table *ck_table_at(size_t index);

/// Best table that this CPU runs. Never NULL: `reference` runs everywhere.
const ck_table *ck_table_best(void);

static inline const ck_form *ck_form_of(const ck_table *table, ck_form_kind kind) { return &table->forms[kind]; }

static inline const ck_cache *ck_cache_of(const ck_table *table, ck_cache_kind kind) { return &table->caches[kind]; }

#endif
