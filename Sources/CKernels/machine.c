#include "machine.h"

#include <string.h>
#include <time.h>

#include "vectors.h"

// Sixteen-lane vectors only live inside loops here.
#pragma clang diagnostic ignored "-Wpsabi"

enum {
    TOUCH_CHUNK = 1 << 20,
    READ_CHUNK = 2 << 20,  // of one item
    READ_STREAMS = 4,
    EXERCISE_ROUNDS = 500,
    EXERCISE_ITEMS = 4,
};

typedef struct {
    const uint8_t *memory;
    uint8_t *writable;
    size_t bytes;
    double (*exercise)(size_t rounds);
    const ck_product *product;
    size_t items;
} probe;

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t items(const void *context, size_t stage) {
    (void)stage;
    return ((const probe *)context)->items;
}

/// Seconds of the fastest of `rounds` runs.
static double fastest(ck_team *team, const probe *p, ck_work *work, size_t rounds) {
    double best = 0;
    for (size_t i = 0; i < rounds; i++) {
        double start = seconds();
        ck_team_run(team, p, 1, items, work, NULL);
        double taken = seconds() - start;
        if (i == 0 || taken < best) best = taken;
    }
    return best;
}

static double rate(double amount, double taken) { return taken > 0 ? amount / taken : 0; }

/// Several streams side by side, no prefetches: the hardware follows them better than it obeys.
static void read_chunk(const void *context, size_t stage, size_t item, size_t worker) {
    (void)stage, (void)worker;
    const probe *p = context;
    const u32x16 *words = (const u32x16 *)(p->memory + item * READ_CHUNK);
    const size_t stream = READ_CHUNK / READ_STREAMS / sizeof(u32x16);
    u32x16 sums[READ_STREAMS] = {0};
    for (size_t i = 0; i < stream; i += 2) {
#pragma clang loop unroll(full)
        for (size_t s = 0; s < READ_STREAMS; s++) sums[s] ^= words[s * stream + i] ^ words[s * stream + i + 1];
    }
    u32x16 sum = 0;
    for (size_t s = 0; s < READ_STREAMS; s++) sum ^= sums[s];
    volatile uint32_t sink = __builtin_reduce_xor(sum);
    (void)sink;
}

double ck_read_rate(ck_team *team, const void *memory, size_t bytes) {
    probe p = {.memory = memory, .items = bytes / READ_CHUNK};
    return rate((double)(p.items * READ_CHUNK), fastest(team, &p, read_chunk, 1));
}

static void exercise(const void *context, size_t stage, size_t item, size_t worker) {
    (void)stage, (void)item, (void)worker;
    ((const probe *)context)->exercise(EXERCISE_ROUNDS);
}

double ck_product_rate(ck_team *team, const ck_table *table, ck_form_kind form, size_t rounds) {
    probe p = {.exercise = table->exercise[form], .items = EXERCISE_ITEMS * ck_team_workers(team)};
    double products = p.exercise(EXERCISE_ROUNDS) * (double)p.items;
    return rate(products, fastest(team, &p, exercise, rounds));
}

static size_t product_items(const ck_product *product) {
    return (product->strips + product->item_strips - 1) / product->item_strips;
}

static void multiply(const void *context, size_t stage, size_t item, size_t worker) {
    (void)stage, (void)worker;
    const ck_product *p = ((const probe *)context)->product;
    size_t first = item % product_items(p) * p->item_strips, left = p->strips - first;
    p->format->multiply(
        p->panel, p->depth, first, left < p->item_strips ? left : p->item_strips, p->operands, p->columns,
        p->out + first * CK_STRIP, p->strips * CK_STRIP, false);
}

double ck_product_seconds(ck_team *team, const ck_product *product, size_t repeats, size_t rounds) {
    probe p = {.product = product, .items = repeats * product_items(product)};
    return fastest(team, &p, multiply, rounds) / (double)repeats;
}

static void touch(const void *context, size_t stage, size_t item, size_t worker) {
    (void)stage, (void)worker;
    const probe *p = context;
    size_t first = item * TOUCH_CHUNK, left = p->bytes - first;
    memset(p->writable + first, 1, left < TOUCH_CHUNK ? left : TOUCH_CHUNK);
}

void ck_touch(ck_team *team, void *memory, size_t bytes) {
    probe p = {.writable = memory, .bytes = bytes, .items = (bytes + TOUCH_CHUNK - 1) / TOUCH_CHUNK};
    ck_team_run(team, &p, 1, items, touch, NULL);
}
