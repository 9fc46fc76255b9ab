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

// Begins the list of an operator whose elements have the type of `info`; nn_add_move then adds to it.
bool nn_begin_moves(nn_build *build, const nn_info *info, nn_moves **moves);

// Copies the box from tensor `from` (its strides a) to tensor `to` (b).
bool nn_add_move(nn_build *build, nn_moves *moves, const nn_info *from, const nn_info *to, const nn_box *box);

bool nn_run_moves(nn_model *model, const nn_node *node);

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
