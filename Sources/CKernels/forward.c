#include "forward.h"

#include <math.h>
#include <string.h>

typedef struct {
    const ck_program *program;
    const ck_step *step;
} run;

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static size_t divided_up(size_t a, size_t b) { return (a + b - 1) / b; }

enum {
    ITEM_BYTES = 256 << 10,  // weights of one item where memory decides: about 10 us
    ITEM_COLUMNS = 16,       // about so many columns cost as much arithmetic as reading the weights
    ITEM_UNIT = 2 * CK_GATE_ROWS / CK_STRIP,
};

/// Strips of one item of a product, a multiple of ITEM_UNIT.
static size_t strips_of_item(const ck_table *table, size_t depth, size_t columns) {
    if (table->item_strips > 0) return divided_up(table->item_strips, ITEM_UNIT) * ITEM_UNIT;
    size_t strips = ITEM_BYTES / (CK_STRIP * depth * table->weight_bytes) * ITEM_COLUMNS / (ITEM_COLUMNS + columns);
    return strips < ITEM_UNIT ? ITEM_UNIT : strips / ITEM_UNIT * ITEM_UNIT;
}

size_t ck_scratch_bytes(const ck_table *table, size_t head_size, size_t group, size_t depth, size_t rows) {
    size_t bytes = table->attention_scratch(head_size, group) + head_size * sizeof(float);
    if (bytes < depth * sizeof(float)) bytes = depth * sizeof(float);  // one row, for CK_NORM
    for (size_t columns = 1; columns <= rows; columns++) {
        size_t product = columns * strips_of_item(table, depth, columns) * CK_STRIP * sizeof(float);
        product += CK_GATE_ROWS * sizeof(float);
        if (bytes < product) bytes = product;
    }
    return divided_up(bytes, 128) * 128;
}

static size_t rows_of(const ck_operation *op, const ck_step *step) {
    return op->rows == CK_ALL_ROWS ? step->rows : step->wanted_count;
}

static size_t row_in_stream(const ck_operation *op, const ck_step *step, size_t row) {
    return op->rows == CK_ALL_ROWS ? row : (size_t)step->wanted[row];
}

static size_t projected_width(const ck_program *p) { return (p->heads + 2 * p->kv_heads) * p->head_size; }

// CK_EMBED, by row

static void embed(const ck_program *p, const ck_operation *op, const ck_step *step, size_t row) {
    p->table->row(op->matrix.panel, op->matrix.depth, (size_t)step->tokens[row], p->stream + row * p->width);
    size_t half = p->head_size / 2;
    for (size_t i = 0; i < half; i++) {
        double angle = (double)step->positions[row] * p->frequencies[i];
        p->cosines[row * half + i] = (float)cos(angle);
        p->sines[row * half + i] = (float)sin(angle);
    }
}

// CK_NORM and CK_PACK, by group of columns: the operands of a group share cache lines

static void norm(const ck_program *p, const ck_operation *op, size_t rows, size_t group, float *scratch) {
    size_t first = group * p->table->columns, end = smaller(rows, first + p->table->columns);
    for (size_t row = first; row < end; row++) {
        p->table->norm(scratch, op->input + row * p->width, op->weight, p->epsilon, p->width);
        p->table->pack(p->operands, p->width, rows, row, 0, scratch, p->width);
    }
}

static void pack(const ck_program *p, const ck_operation *op, const ck_step *step, size_t group) {
    size_t rows = rows_of(op, step), depth = p->heads * p->head_size, stride = projected_width(p);
    size_t first = group * p->table->columns, end = smaller(rows, first + p->table->columns);
    for (size_t row = first; row < end; row++) {
        const float *values = p->projected + row_in_stream(op, step, row) * stride;
        p->table->pack(p->operands, depth, rows, row, 0, values, depth);
    }
}

// CK_MULTIPLY and CK_GATE, by strips

static void multiply(const ck_program *p, const ck_operation *op, size_t columns, size_t item) {
    size_t strips = strips_of_item(p->table, op->matrix.depth, columns), first = item * strips;
    size_t count = smaller(strips, op->matrix.rows / CK_STRIP - first);
    float *out = op->output + first * CK_STRIP;
    p->table->multiply(
        op->matrix.panel, op->matrix.depth, first, count, op->operands, columns, out, op->output_stride, op->add);
}

static void gate(const ck_program *p, const ck_operation *op, size_t columns, size_t item, float *scratch) {
    size_t strips = strips_of_item(p->table, op->matrix.depth, columns), first = item * strips;
    size_t count = smaller(strips, op->matrix.rows / CK_STRIP - first), stride = count * CK_STRIP;
    float *inner = scratch, *products = scratch + CK_GATE_ROWS;
    p->table->multiply(
        op->matrix.panel, op->matrix.depth, first, count, op->operands, columns, products, stride, false);
    for (size_t c = 0; c < columns; c++) {
        for (size_t pair = 0; pair < stride; pair += 2 * CK_GATE_ROWS) {
            const float *gates = products + c * stride + pair;
            p->table->gate(inner, gates, gates + CK_GATE_ROWS, CK_GATE_ROWS);
            size_t depth = (first * CK_STRIP + pair) / 2;
            p->table->pack(p->inner_operands, p->inner, columns, c, depth, inner, CK_GATE_ROWS);
        }
    }
}

// CK_ROTATE, by span

/// Rotates the pairs (i, i + half) of one head.
static void rotate(float *head, const float *cosines, const float *sines, size_t half) {
    for (size_t i = 0; i < half; i++) {
        float x = head[i], y = head[half + i];
        head[i] = x * cosines[i] - y * sines[i];
        head[half + i] = y * cosines[i] + x * sines[i];
    }
}

static uint8_t *head_block(const ck_program *p, size_t block, size_t layer, size_t head) {
    return p->cache + ((block * p->layers + layer) * p->kv_heads + head) * ck_block_bytes(p->table, p->head_size);
}

static void rotate_span(const ck_program *p, const ck_operation *op, const ck_step *step, const ck_span *span) {
    size_t d = p->head_size, half = d / 2, slot = span->position % CK_BLOCK;
    size_t block = (size_t)step->blocks[span->first_block + span->position / CK_BLOCK];
    for (size_t i = 0; i < span->rows; i++) {
        size_t row = span->first_row + i;
        float *queries = p->projected + row * projected_width(p);
        float *keys = queries + p->heads * d, *values = keys + p->kv_heads * d;
        const float *cosines = p->cosines + row * half, *sines = p->sines + row * half;
        for (size_t h = 0; h < p->heads + p->kv_heads; h++) rotate(queries + h * d, cosines, sines, half);
        for (size_t h = 0; h < p->kv_heads; h++) {
            uint8_t *place = head_block(p, block, op->layer, h);
            p->table->append(place, d, slot + i, keys + h * d, values + h * d);
        }
    }
}

// CK_ATTEND, by span and K/V head

static bool wants(const ck_step *step, const ck_span *span) {
    size_t low = 0, high = step->wanted_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((size_t)step->wanted[middle] < span->first_row) low = middle + 1;
        else high = middle;
    }
    return low < step->wanted_count && (size_t)step->wanted[low] < span->first_row + span->rows;
}

static void attend(const ck_program *p, const ck_operation *op, const ck_step *step, size_t item, void *scratch) {
    // Later spans of a prompt see more positions: longest first, so that the workers end together.
    const ck_span *span = &step->spans[step->span_count - 1 - item / p->kv_heads];
    if (op->rows == CK_WANTED_ROWS && !wants(step, span)) return;
    size_t head = item % p->kv_heads, group = p->heads / p->kv_heads, stride = projected_width(p);
    ck_attention attention = {
        .head_size = p->head_size,
        .group = group,
        .rows = span->rows,
        .position = span->position,
        .queries = p->projected + span->first_row * stride + head * group * p->head_size,
        .stride = stride,
        .blocks = step->blocks + span->first_block,
        .cache = head_block(p, 0, op->layer, head),
        .block_stride = p->layers * p->kv_heads * ck_block_bytes(p->table, p->head_size),
        .scratch = scratch,
    };
    p->table->attend(&attention);
}

static size_t count(const void *context, size_t stage) {
    const run *r = context;
    const ck_program *p = r->program;
    const ck_operation *op = &p->operations[stage];
    size_t rows = rows_of(op, r->step);
    if (rows == 0) return 0;
    switch (op->kind) {
        case CK_EMBED:
        case CK_GATHER: return rows;
        case CK_NORM:
        case CK_PACK: return divided_up(rows, p->table->columns);
        case CK_MULTIPLY:
        case CK_GATE:
            return divided_up(op->matrix.rows / CK_STRIP, strips_of_item(p->table, op->matrix.depth, rows));
        case CK_ROTATE: return r->step->span_count;
        case CK_ATTEND: return r->step->span_count * p->kv_heads;
    }
}

static void work(const void *context, size_t stage, size_t item, size_t worker) {
    const run *r = context;
    const ck_program *p = r->program;
    const ck_operation *op = &p->operations[stage];
    size_t rows = rows_of(op, r->step);
    void *scratch = p->scratch + worker * p->scratch_bytes;
    switch (op->kind) {
        case CK_EMBED: embed(p, op, r->step, item); break;
        case CK_NORM: norm(p, op, rows, item, scratch); break;
        case CK_MULTIPLY: multiply(p, op, rows, item); break;
        case CK_GATE: gate(p, op, rows, item, scratch); break;
        case CK_ROTATE: rotate_span(p, op, r->step, &r->step->spans[item]); break;
        case CK_ATTEND: attend(p, op, r->step, item, scratch); break;
        case CK_PACK: pack(p, op, r->step, item); break;
        case CK_GATHER: {
            const float *row = p->stream + row_in_stream(op, r->step, item) * p->width;
            memcpy(op->output + item * p->width, row, p->width * sizeof(float));
            break;
        }
    }
}

void ck_forward(ck_team *team, const ck_program *program, const ck_step *step) {
    run context = {program, step};
    ck_team_run(team, &context, program->operation_count, count, work);
}
