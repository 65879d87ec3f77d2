#ifndef CK_MACHINE_H
#define CK_MACHINE_H

#include "kernels.h"
#include "team.h"

/// Bytes a second that the team reads from memory, once through all of it: it should be several times the last-level
/// cache and have been written.
double ck_read_rate(ck_team *team, const void *memory, size_t bytes);

/// Products a second that the team computes with the table's widest tile on activations of the form, on data in the
/// first-level cache, the best of `rounds`.
double ck_product_rate(ck_team *team, const ck_table *table, ck_form_kind form, size_t rounds);

/// A panel to be multiplied with operands.
typedef struct {
    const ck_format *format;
    const void *panel;
    size_t strips;
    size_t depth;
    size_t item_strips;    // of one item of the team, at least 1
    const void *operands;
    size_t columns;
    float *out;            // (columns, strips * CK_STRIP)
} ck_product;

/// Seconds that the team takes for the product: the best of `rounds` runs, in each of which it is computed `repeats`
/// times. Runs of a team of several workers should have one.
double ck_product_seconds(ck_team *team, const ck_product *product, size_t repeats, size_t rounds);

/// Writes every page of fresh memory, shared over the team.
void ck_touch(ck_team *team, void *memory, size_t bytes);

#endif
