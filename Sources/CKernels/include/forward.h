#ifndef CK_FORWARD_H
#define CK_FORWARD_H

#include "kernels.h"
#include "team.h"

// The forward pass as a flat list of operations, made once. Each is one stage of the team: many items, then all
// wait for each other. A step changes only the ck_step that the operations read.

typedef enum {
    CK_EMBED,     // stream = rows of the embedding matrix; cosines and sines of each row's position
    CK_NORM,      // operands = norm(input)
    CK_MULTIPLY,  // output = (or +=) matrices x operands, the rows of one matrix after those of the other
    CK_GATE,      // inner operands = silu(first matrix x operands) * (second matrix x operands)
    CK_ROTATE,    // turns queries and keys of `projected` by their position, appends keys and values to the cache
    CK_ATTEND,    // queries of `projected` become attention outputs
    CK_PACK,      // operands = queries part of `projected`
    CK_GATHER,    // output = rows of the stream whose logits are wanted
} ck_kind;

enum { CK_MATRICES = 3 };  // most that share one input: query, key and value

typedef enum {
    CK_ALL_ROWS,
    CK_WANTED_ROWS,  // rows whose logits are wanted, side by side
} ck_rows;

typedef struct {
    const ck_format *format;
    const void *panel;
    size_t strips;
    size_t depth;        // multiple of CK_STRIP
    size_t strip_bytes;
} ck_matrix;

typedef struct {
    ck_kind kind;
    ck_rows rows;
    ck_matrix matrices[CK_MATRICES];
    size_t matrix_count;
    bool inner;            // CK_MULTIPLY takes the inner operands
    uint32_t forms;        // bit set of ck_form_kind: the operands that CK_NORM, CK_PACK and CK_GATE write
    const float *input;    // (rows, width), of CK_NORM
    const float *weight;   // (width), of CK_NORM
    float *output;         // (rows, output_stride)
    size_t output_stride;
    bool add;
    size_t layer;          // of CK_ROTATE and CK_ATTEND
} ck_operation;

/// Consecutive rows of one sequence whose positions lie in one aligned stretch of CK_SPAN.
typedef struct {
    uint32_t first_row;
    uint32_t rows;
    uint32_t position;
    uint32_t first_block;  // index in ck_step.blocks of the sequence's block table
} ck_span;

/// Spans side by side whose sequences begin with the same blocks: attention goes over these once for all of them. At most
/// CK_SPAN rows together. Which spans are in one changes no result.
typedef struct {
    uint32_t first_span;
    uint32_t spans;
    uint32_t shared;  // blocks, all before the spans' rows; 0 for a span by itself
} ck_cohort;

typedef struct {
    size_t rows;
    const int32_t *tokens;     // (rows)
    const int32_t *positions;  // (rows)
    size_t span_count;
    const ck_span *spans;      // ascending rows; together all rows
    size_t cohort_count;
    const ck_cohort *cohorts;  // ascending spans; together all spans
    const int32_t *blocks;
    size_t wanted_count;
    const int32_t *wanted;     // (wanted_count) row numbers, ascending
} ck_step;

/// What stays the same from step to step.
typedef struct {
    const ck_table *table;
    size_t width;
    size_t inner;               // feed-forward width, padded to whole strips
    size_t heads;
    size_t kv_heads;
    size_t head_size;
    float epsilon;
    const double *frequencies;  // (head_size / 2) radians a position

    const ck_cache *cache_format;
    uint8_t *cache;             // [block][layer][K/V head] blocks of one head
    size_t layers;

    float *stream;              // (rows, width)
    float *projected;           // (rows, (heads + 2 * kv_heads) * head_size): queries, keys, values
    float *cosines, *sines;     // (rows, head_size / 2)
    void *operands[CK_FORMS];        // (rows, max(width, heads * head_size)), where any matrix takes the form
    void *inner_operands[CK_FORMS];  // (rows, inner)
    uint8_t *scratch;           // scratch_bytes for each worker
    size_t scratch_bytes;

    const ck_operation *operations;
    size_t operation_count;
} ck_program;

/// Scratch that one worker needs; multiple of 128.
size_t ck_scratch_bytes(
    const ck_table *table, const ck_cache *format, size_t head_size, size_t group, size_t width);

/// Computes one step. Called by the thread that owns the program, with nobody else using the team. `wanted`, which may be
/// NULL, gets the asker. False if the step was broken off, as in ck_team_run: then its results mean nothing, and keys and
/// values of its rows are those of some layers.
bool ck_forward(
    ck_team *team, const ck_program *program, const ck_step *step, ck_wanted *wanted, const void *asker);

#endif
