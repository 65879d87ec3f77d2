#ifndef CK_TEAM_H
#define CK_TEAM_H

#include <stdbool.h>
#include <stddef.h>

// A fixed team of threads that computes one step after another. The thread that calls is worker 0; the others
// are made once. Waiting spins for a bounded time, then sleeps in the kernel.

typedef struct ck_team ck_team;

/// Computes one item of a stage. Items of a stage run in any order, each once, on any worker: each has a range of them and
/// goes through it upwards, then takes from the ranges of those that are late.
typedef void ck_work(const void *context, size_t stage, size_t item, size_t worker);
/// How many items a stage has.
typedef size_t ck_count(const void *context, size_t stage);
/// Whether the rest of the step is still wanted. Worker 0 asks it before each of its items.
typedef bool ck_wanted(const void *context);

/// NULL, with errno set, if a thread cannot be made. `workers` includes the caller; at least 1.
ck_team *ck_team_create(size_t workers);
/// Ends and joins the threads. No step may be running.
void ck_team_destroy(ck_team *team);
size_t ck_team_workers(const ck_team *team);

/// Runs the stages 0 ..< stages in order: all items of one are done before the next begins. One caller at a time.
/// `wanted` may be NULL. False if it said no: then all have left after the item that they were at, and some items are not
/// done.
bool ck_team_run(
    ck_team *team, const void *context, size_t stages, ck_count *count, ck_work *work, ck_wanted *wanted);

/// Cores this process may run on; two hardware threads of one core would only share its arithmetic.
size_t ck_core_count(void);

#endif
