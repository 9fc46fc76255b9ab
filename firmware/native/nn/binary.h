// SPDX-License-Identifier: Apache-2.0
// Operators of two tensors with broadcasting: what does not depend on the type of their elements.
#ifndef MOTET_NN_BINARY_H
#define MOTET_NN_BINARY_H

#include "pairs.h"

// Reads both inputs and the output, checks that the output has their common shape, and finds the elements of the left
// (strides a) and of the right input (b) for the output's elements in their order.
bool nn_read_broadcast(nn_build *build, nn_info *left, nn_info *right, nn_info *output, nn_box *box);

// What a row of elements is computed from.
typedef struct {
    const void *params;
    const uint8_t *left, *right; // constants need not be aligned
    uint8_t *out;
    int32_t builtin; // which operator it is
} nn_operands;

// How the right input and the axes are kept: the first member of the parameters of an operator of two tensors.
typedef struct {
    nn_pair_axis *axes;
    uint16_t rank, right;
} nn_binary;

// Fills that member of the parameters and keeps all of their `bytes`. False: out of memory.
bool nn_keep_binary(nn_build *build, nn_binary *params, size_t bytes, const nn_info *right, const nn_box *box);

// Calls `row` for all elements; its context are nn_operands.
bool nn_run_binary(nn_model *model, const nn_node *node, nn_row row);

#endif
