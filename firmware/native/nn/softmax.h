// SPDX-License-Identifier: Apache-2.0
// What SOFTMAX of all types has in common.
#ifndef MOTET_NN_SOFTMAX_H
#define MOTET_NN_SOFTMAX_H

#include "tensor.h"

// Reads input and output, of one shape with at least one dimension, and beta, a positive number.
bool nn_read_softmax(nn_build *build, nn_info *input, nn_info *output, float *beta);

#endif
