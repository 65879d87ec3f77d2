#include "forward.h"

#include <math.h>
#include <string.h>

typedef struct {
    const ck_program *program;
    const ck_step *step;
    size_t workers;
    ck_wanted *wanted;
    const void *asker;
} run;

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }
static size_t divided_up(size_t a, size_t b) { return (a + b - 1) / b; }

enum {
    ITEM_BYTES = 256 << 10,  // weights of one item where memory decides: about 10 us
    ITEM_COLUMNS = 16,       // about so many columns cost as much arithmetic as reading the weights
    ITEM_STRIPS = CK_GROUP,  // fewest of an item; its output rows fill cache lines
    ITEM_GROUPS = 4,         // an item has multiples of so many groups of columns: 4 x 12 are whole groups of 16 too
    ITEM_PRODUCTS = 1 << 27,  // multiply-adds that an item of many columns has at most: under a millisecond
    GATE_STRIPS = 16,        // of gate and of up, most of an item: a block of int8 operands
    PACK_DEPTH = 256,        // parts of operands have multiples of it, and it is one of the unit of every form
    PACK_VALUES = 4096,      // fewest that are worth a part: some microseconds
};

/// Strips of one item of a product, a multiple of ITEM_STRIPS.
static size_t strips_of_item(const ck_table *table, const ck_matrix *matrix, size_t columns) {
    if (table->item_strips > 0) return table->item_strips;
    size_t strips = ITEM_BYTES / matrix->strip_bytes * ITEM_COLUMNS / (ITEM_COLUMNS + columns);
    return strips < ITEM_STRIPS ? ITEM_STRIPS : strips / ITEM_STRIPS * ITEM_STRIPS;
}

/// Columns of one item of a product by so many strips. The parts of all columns follow each other, while the weights are in
/// the cache; undivided, the last item of a long prompt would keep all other workers waiting.
static size_t columns_of_item(const ck_table *table, const ck_matrix *matrix, size_t strips, size_t columns) {
    size_t unit = ITEM_GROUPS * table->columns, units = divided_up(columns, unit);
    if (units == 1 || table->item_strips > 0) return columns;
    size_t most = ITEM_PRODUCTS / (strips * CK_STRIP * matrix->depth * unit);
    size_t parts = divided_up(units, most > 0 ? most : 1);
    return divided_up(units, parts) * unit;
}

/// Columns of one item of CK_GATE: their products stay in the cache until they are gated.
static size_t gate_columns(const ck_table *table) { return ITEM_GROUPS * table->columns; }

size_t ck_scratch_bytes(
    const ck_table *table, const ck_cache *format, size_t head_size, size_t group, size_t width) {
    size_t bytes = format->scratch(head_size, group) + head_size * sizeof(float);
    size_t gates = GATE_STRIPS * CK_STRIP * (2 * gate_columns(table) + 1) * sizeof(float);
    if (bytes < gates) bytes = gates;
    if (bytes < width * sizeof(float)) bytes = width * sizeof(float);  // one row, for CK_NORM
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
    const ck_matrix *table = op->matrices;
    table->format->row(table->panel, table->depth, table->strips, (size_t)step->tokens[row], p->stream + row * p->width);
    size_t half = p->head_size / 2;
    for (size_t i = 0; i < half; i++) {
        double angle = (double)step->positions[row] * p->frequencies[i];
        p->cosines[row * half + i] = (float)cos(angle);
        p->sines[row * half + i] = (float)sin(angle);
    }
}

// CK_NORM and CK_PACK, by group of columns, as these share cache lines, and by parts of the depth where there are fewer
// groups than workers

/// Part of a row to every form of operands that the operation writes: its values (count) from depth `first`.
static void write_operands(
    const ck_table *table, void *const operands[CK_FORMS], uint32_t forms, size_t depth, size_t rows, size_t row,
    size_t first, const float *values, size_t count) {
    for (size_t form = 0; form < CK_FORMS; form++) {
        if (forms >> form & 1) table->forms[form].pack(operands[form], depth, rows, row, first, values, count);
    }
}

/// Columns of a group of operands, in whichever form has most.
static size_t group_columns(const ck_table *table, uint32_t forms) {
    size_t most = 1;
    for (size_t form = 0; form < CK_FORMS; form++) {
        if (forms >> form & 1 && most < table->forms[form].columns) most = table->forms[form].columns;
    }
    return most;
}

/// Operands (rows, depth) divided into items: `columns` of the rows by `part` of the depth.
typedef struct {
    size_t depth;
    size_t columns;
    size_t part, parts;
} division;

static division division_of(const run *r, const ck_operation *op, size_t rows) {
    const ck_program *p = r->program;
    size_t depth = op->kind == CK_NORM ? p->width : p->heads * p->head_size;
    size_t columns = group_columns(p->table, op->forms), groups = divided_up(rows, columns);
    size_t parts = divided_up(r->workers, groups), most = divided_up(rows, groups) * depth / PACK_VALUES;
    if (parts > most) parts = most > 0 ? most : 1;
    size_t part = divided_up(divided_up(depth, parts), PACK_DEPTH) * PACK_DEPTH;
    return (division){depth, columns, part, divided_up(depth, part)};
}

static size_t packed_items(const run *r, const ck_operation *op, size_t rows) {
    division d = division_of(r, op, rows);
    return divided_up(rows, d.columns) * d.parts;
}

/// Rows and depths of one item.
typedef struct {
    size_t begin, end;
    size_t depth;  // of whole rows
    size_t first, count;
} patch;

static patch patch_of(const run *r, const ck_operation *op, size_t rows, size_t item) {
    division d = division_of(r, op, rows);
    size_t begin = item / d.parts * d.columns, first = item % d.parts * d.part;
    return (patch){begin, smaller(rows, begin + d.columns), d.depth, first, smaller(d.part, d.depth - first)};
}

static void norm(const run *r, const ck_operation *op, size_t rows, size_t item, float *scratch) {
    const ck_program *p = r->program;
    patch at = patch_of(r, op, rows, item);
    for (size_t row = at.begin; row < at.end; row++) {
        const float *input = op->input + row * p->width;
        float scale = p->table->inverse_rms(input, p->epsilon, p->width);
        p->table->scale(scratch, input + at.first, scale, op->weight + at.first, at.count);
        write_operands(p->table, p->operands, op->forms, at.depth, rows, row, at.first, scratch, at.count);
    }
}

static void pack(const run *r, const ck_operation *op, size_t rows, size_t item) {
    const ck_program *p = r->program;
    patch at = patch_of(r, op, rows, item);
    for (size_t row = at.begin; row < at.end; row++) {
        const float *values = p->projected + row_in_stream(op, r->step, row) * projected_width(p) + at.first;
        write_operands(p->table, p->operands, op->forms, at.depth, rows, row, at.first, values, at.count);
    }
}

// CK_MULTIPLY, by strips of one matrix after the other, and parts of the columns

static size_t product_items(const ck_program *p, const ck_operation *op, size_t columns) {
    size_t items = 0;
    for (size_t i = 0; i < op->matrix_count; i++) {
        const ck_matrix *m = &op->matrices[i];
        size_t strips = strips_of_item(p->table, m, columns), part = columns_of_item(p->table, m, strips, columns);
        items += divided_up(m->strips, strips) * divided_up(columns, part);
    }
    return items;
}

static void multiply(const ck_program *p, const ck_operation *op, size_t columns, size_t item) {
    float *out = op->output;
    for (const ck_matrix *m = op->matrices;; m++) {
        size_t strips = strips_of_item(p->table, m, columns), part = columns_of_item(p->table, m, strips, columns);
        size_t parts = divided_up(columns, part), items = divided_up(m->strips, strips) * parts;
        if (item >= items) {
            item -= items;
            out += m->strips * CK_STRIP;
            continue;
        }
        size_t first = item / parts * strips, begin = item % parts * part;
        size_t count = smaller(strips, m->strips - first), width = smaller(part, columns - begin);
        const uint8_t *operands = (op->inner ? p->inner_operands : p->operands)[m->format->form];
        operands += begin * p->table->forms[m->format->form].column_bytes(m->depth);
        out += begin * op->output_stride + first * CK_STRIP;
        m->format->multiply(m->panel, m->depth, first, count, operands, width, out, op->output_stride, op->add);
        return;
    }
}

// CK_GATE, by strips of gate and the same of up, and parts of the columns

static size_t gate_strips(const ck_program *p, const ck_operation *op, size_t columns) {
    size_t unit = op->forms >> CK_INTEGERS & 1 ? p->table->forms[CK_INTEGERS].unit / CK_STRIP : ITEM_STRIPS;
    size_t strips = strips_of_item(p->table, &op->matrices[0], columns) / unit * unit;
    return smaller(GATE_STRIPS, strips < unit ? unit : strips);
}

static size_t gate_items(const ck_program *p, const ck_operation *op, size_t columns) {
    return divided_up(op->matrices[0].strips, gate_strips(p, op, columns)) * divided_up(columns, gate_columns(p->table));
}

static void gate(const ck_program *p, const ck_operation *op, size_t columns, size_t item, float *scratch) {
    const ck_matrix *m = op->matrices;
    size_t strips = gate_strips(p, op, columns), part = gate_columns(p->table), parts = divided_up(columns, part);
    size_t first = item / parts * strips, begin = item % parts * part;
    size_t count = smaller(strips, m->strips - first), rows = count * CK_STRIP, width = smaller(part, columns - begin);
    float *inner = scratch, *products = scratch + GATE_STRIPS * CK_STRIP;
    for (size_t i = 0; i < 2; i++) {
        size_t column_bytes = p->table->forms[m[i].format->form].column_bytes(m[i].depth);
        const uint8_t *operands = (const uint8_t *)p->operands[m[i].format->form] + begin * column_bytes;
        float *out = products + i * rows;
        m[i].format->multiply(m[i].panel, m[i].depth, first, count, operands, width, out, 2 * rows, false);
    }
    for (size_t c = 0; c < width; c++) {
        const float *gates = products + c * 2 * rows;
        p->table->gate(inner, gates, gates + rows, rows);
        write_operands(p->table, p->inner_operands, op->forms, p->inner, columns, begin + c, first * CK_STRIP, inner, rows);
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

/// Walsh-Hadamard transform of each run of the largest power of two that divides count; doing it twice changes
/// nothing. It is orthogonal, so scores stay, but one large value of a head spreads over all: its 8-bit scale shrinks.
static void hadamard(float *x, size_t count) {
    size_t run = count & -count;
    for (size_t half = 1; half < run; half *= 2) {
        for (size_t begin = 0; begin < count; begin += 2 * half) {
            for (size_t i = begin; i < begin + half; i++) {
                float a = x[i], b = x[i + half];
                x[i] = a + b;
                x[i + half] = a - b;
            }
        }
    }
    float scale = 1 / sqrtf((float)run);
    for (size_t i = 0; i < count; i++) x[i] *= scale;
}

static uint8_t *head_block(const ck_program *p, size_t block, size_t layer, size_t head) {
    return p->cache + ((block * p->layers + layer) * p->kv_heads + head) * p->cache_format->block_bytes(p->head_size);
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
        for (size_t h = 0; p->cache_format->hadamard && h < p->heads + 2 * p->kv_heads; h++) hadamard(queries + h * d, d);
        for (size_t h = 0; h < p->kv_heads; h++) {
            uint8_t *place = head_block(p, block, op->layer, h);
            p->cache_format->append(place, d, slot + i, keys + h * d, values + h * d);
        }
    }
}

// CK_ATTEND, by cohort and K/V head

static bool wants(const ck_step *step, size_t first_row, size_t rows) {
    size_t low = 0, high = step->wanted_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if ((size_t)step->wanted[middle] < first_row) low = middle + 1;
        else high = middle;
    }
    return low < step->wanted_count && (size_t)step->wanted[low] < first_row + rows;
}

/// Later spans of a prompt see more positions: longest first, as what is left when another worker comes to help is better
/// short.
static const ck_cohort *cohort_of(const ck_program *p, const ck_step *step, size_t item) {
    return &step->cohorts[step->cohort_count - 1 - item / p->kv_heads];
}

/// The block with which an item begins, if there is the item.
static ck_ahead beginning(const ck_program *p, const ck_operation *op, const ck_step *step, size_t item) {
    if (item >= step->cohort_count * p->kv_heads) return (ck_ahead){0};
    const ck_span *span = step->spans + cohort_of(p, step, item)->first_span;
    size_t block = (size_t)step->blocks[span->first_block];
    return (ck_ahead){
        head_block(p, block, op->layer, item % p->kv_heads), smaller(span->position + span->rows, CK_BLOCK)};
}

static void attend(const ck_program *p, const ck_operation *op, const ck_step *step, size_t item, void *scratch) {
    const ck_cohort *cohort = cohort_of(p, step, item);
    const ck_span *spans = step->spans + cohort->first_span;
    ck_part parts[CK_SPAN];
    size_t rows = 0;
    for (size_t i = 0; i < cohort->spans; i++) {
        parts[i] = (ck_part){spans[i].rows, spans[i].position, step->blocks + spans[i].first_block};
        rows += spans[i].rows;
    }
    if (op->rows == CK_WANTED_ROWS && !wants(step, spans->first_row, rows)) return;
    size_t head = item % p->kv_heads, group = p->heads / p->kv_heads, stride = projected_width(p);
    ck_attention attention = {
        .head_size = p->head_size,
        .group = group,
        .parts = parts,
        .part_count = cohort->spans,
        .shared = cohort->shared,
        .queries = p->projected + spans->first_row * stride + head * group * p->head_size,
        .stride = stride,
        .cache = head_block(p, 0, op->layer, head),
        .block_stride = p->layers * p->kv_heads * p->cache_format->block_bytes(p->head_size),
        .next = beginning(p, op, step, item + 1),
        .scratch = scratch,
    };
    p->cache_format->attend(&attention);
    for (size_t v = 0; p->cache_format->hadamard && v < rows * group; v++) {
        hadamard(attention.queries + v / group * stride + v % group * p->head_size, p->head_size);
    }
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
        case CK_PACK: return packed_items(r, op, rows);
        case CK_MULTIPLY: return product_items(p, op, rows);
        case CK_GATE: return gate_items(p, op, rows);
        case CK_ROTATE: return r->step->span_count;
        case CK_ATTEND: return r->step->cohort_count * p->kv_heads;
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
        case CK_NORM: norm(r, op, rows, item, scratch); break;
        case CK_MULTIPLY: multiply(p, op, rows, item); break;
        case CK_GATE: gate(p, op, rows, item, scratch); break;
        case CK_ROTATE: rotate_span(p, op, r->step, &r->step->spans[item]); break;
        case CK_ATTEND: attend(p, op, r->step, item, scratch); break;
        case CK_PACK: pack(r, op, rows, item); break;
        case CK_GATHER: {
            const float *row = p->stream + row_in_stream(op, r->step, item) * p->width;
            memcpy(op->output + item * p->width, row, p->width * sizeof(float));
            break;
        }
    }
}

static bool wanted(const void *context) {
    const run *r = context;
    return r->wanted(r->asker);
}

bool ck_forward(
    ck_team *team, const ck_program *program, const ck_step *step, ck_wanted *asked, const void *asker) {
    run context = {program, step, ck_team_workers(team), asked, asker};
    return ck_team_run(team, &context, program->operation_count, count, work, asked ? wanted : NULL);
}
