#include "machine.h"

#include <string.h>
#include <time.h>

#include "vectors.h"

// Sixteen-lane vectors only live inside loops here.
#pragma clang diagnostic ignored "-Wpsabi"

enum { CHUNK = 1 << 20, EXERCISE_ROUNDS = 2000, EXERCISE_ITEMS = 4 };

typedef struct {
    const uint8_t *memory;
    uint8_t *writable;
    size_t bytes;
    double (*exercise)(size_t rounds);
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

static void read_chunk(const void *context, size_t stage, size_t item, size_t worker) {
    (void)stage, (void)worker;
    const probe *p = context;
    const u32x16 *words = (const u32x16 *)(p->memory + item * CHUNK);
    u32x16 a = 0, b = 0, c = 0, d = 0;
    for (size_t i = 0; i < CHUNK / sizeof(u32x16); i += 4) {
        __builtin_prefetch(words + i + 32);
        __builtin_prefetch(words + i + 33);
        __builtin_prefetch(words + i + 34);
        __builtin_prefetch(words + i + 35);
        a ^= words[i];
        b ^= words[i + 1];
        c ^= words[i + 2];
        d ^= words[i + 3];
    }
    a ^= b ^ c ^ d;
    volatile uint32_t sink = __builtin_reduce_xor(a);
    (void)sink;
}

double ck_read_rate(ck_team *team, const void *memory, size_t bytes, size_t rounds) {
    probe p = {.memory = memory, .items = bytes / CHUNK};
    double best = 0;
    for (size_t i = 0; i < rounds; i++) {
        double start = seconds();
        ck_team_run(team, &p, 1, items, read_chunk);
        double rate = (double)(p.items * CHUNK) / (seconds() - start);
        if (rate > best) best = rate;
    }
    return best;
}

static void exercise(const void *context, size_t stage, size_t item, size_t worker) {
    (void)stage, (void)item, (void)worker;
    ((const probe *)context)->exercise(EXERCISE_ROUNDS);
}

double ck_product_rate(ck_team *team, const ck_table *table, ck_form_kind form, size_t rounds) {
    probe p = {.exercise = table->exercise[form], .items = EXERCISE_ITEMS * ck_team_workers(team)};
    double products = p.exercise(EXERCISE_ROUNDS) * (double)p.items, best = 0;
    for (size_t i = 0; i < rounds; i++) {
        double start = seconds();
        ck_team_run(team, &p, 1, items, exercise);
        double rate = products / (seconds() - start);
        if (rate > best) best = rate;
    }
    return best;
}

static void touch(const void *context, size_t stage, size_t item, size_t worker) {
    (void)stage, (void)worker;
    const probe *p = context;
    size_t first = item * CHUNK, left = p->bytes - first;
    memset(p->writable + first, 1, left < CHUNK ? left : CHUNK);
}

void ck_touch(ck_team *team, void *memory, size_t bytes) {
    probe p = {.writable = memory, .bytes = bytes, .items = (bytes + CHUNK - 1) / CHUNK};
    ck_team_run(team, &p, 1, items, touch);
}
