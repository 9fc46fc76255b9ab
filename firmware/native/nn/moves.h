// SPDX-License-Identifier: Apache-2.0
// Operators that only move elements, of any type: a list of boxes to copy, after an optional fill of the output.
#ifndef MOTET_NN_MOVES_H
#define MOTET_NN_MOVES_H

#include "pairs.h"

typedef struct {
    uint32_t count; // of the moves, which follow in memory
    uint32_t fill;  // elements of the output to fill first
    uint16_t output;
    uint8_t element;
    uint8_t value[8]; // of a filled element
} nn_moves;

// Begins the list of an operator whose elements have the type of `info`; nn_add_part then adds to it.
bool nn_begin_moves(nn_build *build, const nn_info *info, nn_moves **moves);

bool nn_run_moves(nn_model *model, const nn_node *node);

// A part of a tensor on its way out of the whole or into it: neighbours along each of its axes are neighbours along one
// of the whole's, or as far apart there as `step` says.
typedef struct {
    nn_info whole, part;
    int32_t distance[NN_MAX_RANK]; // between neighbours along each axis of the whole
    uint32_t axes;                 // of the part, that are there so far
    uint32_t inner;                // elements of the part within one position along these
    nn_box box;                    // a: in the whole, b: in the part
} nn_part;

// Begins with both tensors; then come the axes of the part in their order.
void nn_begin_part(nn_part *own);

// The part's next axis: `count` positions along `axis` of the whole from `first` on. False: the part has another size.
bool nn_part_axis(nn_part *own, uint32_t axis, int32_t first, int32_t step, int32_t count);

// Adds the move, into the whole or out of it, when the part has all of its axes; refuses it for `why` when it has not.
bool nn_add_part(nn_build *build, nn_moves *moves, nn_part *own, bool into, nn_reason why);

// Both tensors have the same type and, when quantised, scale and zero point.
bool nn_need_same_kind(nn_build *build, const nn_info *a, const nn_info *b);

// Reads input `slot`: constant int32 with `count` values.
bool nn_read_integers(nn_build *build, uint32_t slot, uint32_t count, nn_info *values);

static inline int32_t nn_integer(const nn_info *values, uint32_t index) {
    return nn_load_i32(values->constant + 4 * index);
}

// Reads an axis, which may count from the end. `rank` is at least 1.
bool nn_read_axis(nn_build *build, int32_t value, uint32_t rank, uint32_t *axis);

#endif
