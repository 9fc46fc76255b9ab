// SPDX-License-Identifier: Apache-2.0
// Walking over two tensors at once, row by row along a common innermost axis.
#ifndef MOTET_NN_PAIRS_H
#define MOTET_NN_PAIRS_H

#include "tensor.h"

typedef struct {
    int32_t size;
    int32_t a, b; // strides in elements: 0 repeats an element, a negative one goes backwards
} nn_pair_axis;

// A box of elements: where it begins in either tensor, and its axes, the last one fastest.
typedef struct {
    int32_t a, b;
    uint32_t rank;
    nn_pair_axis axis[NN_MAX_RANK];
} nn_box;

// A part of one row.
typedef struct {
    int32_t a, b;           // its first elements
    int32_t step_a, step_b; // from one element to the next
    uint32_t done;          // elements before it
    uint32_t count;         // its own elements
} nn_stretch;

typedef void (*nn_row)(const void *context, const nn_stretch *stretch);

// Adds the next faster axis; one that continues the axis before it becomes a part of that.
void nn_add_pair(nn_box *box, int32_t size, int32_t a, int32_t b);

// Exchanges the two tensors.
static inline void nn_swap_box(nn_box *box) {
    const nn_box own = *box;
    box->a = own.b;
    box->b = own.a;
    for (uint32_t i = 0; i < own.rank; i++) {
        box->axis[i].a = own.axis[i].b;
        box->axis[i].b = own.axis[i].a;
    }
}

// Calls `row` for all elements of a box that begins at element 0 of both tensors. False: the run must end.
bool nn_run_rows(nn_model *model, const nn_pair_axis *axes, uint32_t rank, nn_row row, const void *context);

#endif
