// SPDX-License-Identifier: Apache-2.0
// Operators of two tensors with broadcasting: what does not depend on the type of their elements.
#ifndef MOTET_NN_BINARY_H
#define MOTET_NN_BINARY_H

#include "pairs.h"

// Reads both inputs and the output, checks that the output has their common shape, and finds the elements of the left
// (strides a) and of the right input (b) for the output's elements in their order.
bool nn_read_broadcast(nn_build *build, nn_info *left, nn_info *right, nn_info *output, nn_box *box);

#endif
