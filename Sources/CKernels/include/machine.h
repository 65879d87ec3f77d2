#ifndef CK_MACHINE_H
#define CK_MACHINE_H

#include "kernels.h"
#include "team.h"

/// Bytes a second that the team reads from memory, the best of `rounds` passes over `memory` (bytes), which should
/// be several times the last-level cache and have been written.
double ck_read_rate(ck_team *team, const void *memory, size_t bytes, size_t rounds);

/// Products a second that the team computes with the table's widest tile on activations of the form, on data in the
/// first-level cache, the best of `rounds`.
double ck_product_rate(ck_team *team, const ck_table *table, ck_form_kind form, size_t rounds);

/// Writes every page of fresh memory, shared over the team.
void ck_touch(ck_team *team, void *memory, size_t bytes);

#endif
