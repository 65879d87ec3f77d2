#define _GNU_SOURCE
#include "team.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Two words are waited on: `step` (a new plan is there, or the end) and `passage` (all have arrived at the end of
// a stage). Each has a count of sleepers beside it. The waker changes the word and then reads the count, the
// sleeper raises the count and then reads the word, all sequentially consistent: one of them sees the other.

enum {
    LINE = 128,               // two cache lines: the prefetcher fetches them in pairs
    STAGE_SPIN_NS = 50000,    // stages end within microseconds of each other unless a core was taken away
    STEP_SPIN_NS = 200000,    // between two steps the engine samples and plans
    POLLS_PER_CLOCK = 64,     // looks at the word between two looks at the clock
};

typedef struct {
    _Alignas(LINE) _Atomic uint32_t word;
    _Alignas(LINE) _Atomic uint32_t sleepers;
} gate;

/// A worker and its part of each stage: a range of the items, which it goes through upwards, so that what it asks for
/// ahead of its use (integer_units.h) is what it will use.
typedef struct {
    _Alignas(LINE) _Atomic size_t taken[2];  // items of the part, by whomever; of this stage and the next in turn
    ck_team *team;
    pthread_t thread;
} seat;

struct ck_team {
    _Alignas(LINE) _Atomic size_t missing;  // workers that have not arrived at the end of the stage
    gate step;
    gate passage;

    // The plan of the step; written by the caller while all others wait.
    _Alignas(LINE) const void *context;
    _Atomic size_t stages;  // worker 0 lowers it when it breaks the step off
    ck_count *count;
    ck_work *work;
    ck_wanted *wanted;
    bool broken;            // of worker 0
    bool ended;

    size_t workers;
    seat seats[];
};

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/// Waits until the word is no longer `old`.
static void await_change(gate *g, uint32_t old, int64_t spin_ns) {
    int64_t deadline = 0;
    for (;;) {
        for (int i = 0; i < POLLS_PER_CLOCK; i++) {
            if (atomic_load_explicit(&g->word, memory_order_acquire) != old) return;
            relax();
        }
        int64_t time = now();
        if (deadline == 0) deadline = time + spin_ns;
        if (time >= deadline) break;
    }
    atomic_fetch_add(&g->sleepers, 1);
    while (atomic_load(&g->word) == old) {
        syscall(SYS_futex, &g->word, FUTEX_WAIT_PRIVATE, old, NULL, NULL, 0);
    }
    atomic_fetch_sub(&g->sleepers, 1);
}

static void change(gate *g) {
    atomic_fetch_add(&g->word, 1);
    if (atomic_load(&g->sleepers) > 0) {
        syscall(SYS_futex, &g->word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
    }
}

/// Which of the counts of a seat the running stage has. Nobody changes it before all have arrived at its end.
static uint32_t turn_of(const ck_team *team) {
    return atomic_load_explicit(&team->passage.word, memory_order_relaxed) % 2;
}

static void end_stage(ck_team *team, size_t worker) {
    uint32_t passage = atomic_load_explicit(&team->passage.word, memory_order_relaxed);
    atomic_store_explicit(&team->seats[worker].taken[(passage + 1) % 2], 0, memory_order_relaxed);
    if (atomic_fetch_sub(&team->missing, 1) == 1) {
        atomic_store_explicit(&team->missing, team->workers, memory_order_relaxed);
        change(&team->passage);
    } else {
        await_change(&team->passage, passage, STAGE_SPIN_NS);
    }
}

/// An item that nobody has taken yet: of the worker's own part, then of those of others who are late. `items` if there
/// is none.
static size_t take(ck_team *team, size_t worker, size_t items) {
    uint32_t turn = turn_of(team);
    for (size_t i = 0; i < team->workers; i++) {
        size_t owner = (worker + i) % team->workers;
        size_t begin = items * owner / team->workers, count = items * (owner + 1) / team->workers - begin;
        _Atomic size_t *taken = &team->seats[owner].taken[turn];
        if (atomic_load_explicit(taken, memory_order_relaxed) >= count) continue;
        size_t item = atomic_fetch_add_explicit(taken, 1, memory_order_relaxed);
        if (item < count) return begin + item;
    }
    return items;
}

/// Leaves nothing to do in this stage, and makes it the last. The others cannot be further: its end waits for worker 0,
/// and behind it they see what was written here.
static void break_off(ck_team *team, size_t stage, size_t items) {
    team->broken = true;
    atomic_store_explicit(&team->stages, stage + 1, memory_order_relaxed);
    for (size_t i = 0; i < team->workers; i++) {
        atomic_store_explicit(&team->seats[i].taken[turn_of(team)], items, memory_order_relaxed);
    }
}

static void run_plan(ck_team *team, size_t worker) {
    bool asks = worker == 0 && team->wanted;
    for (size_t stage = 0; stage < atomic_load_explicit(&team->stages, memory_order_relaxed); stage++) {
        size_t items = team->count(team->context, stage);
        if (items == 0) continue;
        for (size_t item; (item = take(team, worker, items)) < items;) {
            if (asks && !team->wanted(team->context)) {
                break_off(team, stage, items);
                break;
            }
            team->work(team->context, stage, item, worker);
        }
        end_stage(team, worker);
    }
}

static void *serve(void *argument) {
    seat *mine = argument;
    ck_team *team = mine->team;
    size_t worker = (size_t)(mine - team->seats);
    for (uint32_t step = 0;; step++) {
        await_change(&team->step, step, STEP_SPIN_NS);
        if (team->ended) return NULL;
        run_plan(team, worker);
        // Nobody leaves a step before all have: the caller may change the plan as soon as it returns.
        end_stage(team, worker);
    }
}

bool ck_team_run(
    ck_team *team, const void *context, size_t stages, ck_count *count, ck_work *work, ck_wanted *wanted) {
    team->context = context;
    atomic_store_explicit(&team->stages, stages, memory_order_relaxed);
    team->count = count;
    team->work = work;
    team->wanted = wanted;
    team->broken = false;
    change(&team->step);
    run_plan(team, 0);
    end_stage(team, 0);
    return !team->broken;
}

static void end_workers(ck_team *team, size_t started) {
    team->ended = true;
    change(&team->step);
    for (size_t i = 1; i < started; i++) pthread_join(team->seats[i].thread, NULL);
}

ck_team *ck_team_create(size_t workers) {
    if (workers == 0) workers = 1;
    ck_team *team = aligned_alloc(LINE, sizeof(ck_team) + workers * sizeof(seat));
    if (!team) return NULL;
    *team = (ck_team){.workers = workers};
    atomic_store(&team->missing, workers);
    for (size_t i = 0; i < workers; i++) team->seats[i] = (seat){.team = team};
    for (size_t i = 1; i < workers; i++) {
        int error = pthread_create(&team->seats[i].thread, NULL, serve, &team->seats[i]);
        if (error == 0) continue;
        end_workers(team, i);
        free(team);
        errno = error;
        return NULL;
    }
    return team;
}

void ck_team_destroy(ck_team *team) {
    if (!team) return;
    end_workers(team, team->workers);
    free(team);
}

size_t ck_team_workers(const ck_team *team) { return team->workers; }

/// The lowest-numbered hardware thread of the core that a CPU is part of; the CPU itself where that is unknown.
static size_t core_of(size_t cpu) {
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%zu/topology/thread_siblings_list", cpu);
    FILE *file = fopen(path, "re");
    size_t first = cpu;
    if (file) {
        if (fscanf(file, "%zu", &first) != 1) first = cpu;
        fclose(file);
    }
    return first;
}

size_t ck_core_count(void) {
    // The kernel refuses a set smaller than its own; machines with more than 1024 CPUs need a larger one.
    for (size_t cpus = 1024; cpus <= 1 << 18; cpus *= 2) {
        cpu_set_t *set = CPU_ALLOC(cpus);
        if (!set) break;
        size_t bytes = CPU_ALLOC_SIZE(cpus), count = 0;
        int failed = sched_getaffinity(0, bytes, set), error = errno;
        for (size_t cpu = 0; !failed && cpu < cpus; cpu++) {
            if (!CPU_ISSET_S(cpu, bytes, set)) continue;
            size_t core = core_of(cpu);
            if (core == cpu || core >= cpus || !CPU_ISSET_S(core, bytes, set)) count++;
        }
        CPU_FREE(set);
        if (count > 0) return count;
        if (error != EINVAL) break;
    }
    return 1;
}
