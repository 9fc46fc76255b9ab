// SPDX-License-Identifier: Apache-2.0
// int8 weights of a layer, quantised by tensor or by channel: the common part of convolutions and fully connected
// layers.
#ifndef MOTET_NN_DENSE_H
#define MOTET_NN_DENSE_H

#include "tensor.h"

typedef struct {
    int32_t multiplier;
    int32_t bias; // with the input's zero point folded in: bias - zero_point * sum(weights)
} nn_channel;

typedef struct {
    const int8_t *weights;
    const nn_channel *channels;
    const int8_t *shifts; // see nn_requantize
    uint32_t depth;       // inputs of one output channel
    uint32_t rows;        // output channels
    int32_t zero_point;   // of the output
    int32_t low, high;
} nn_dense;

// Where weight k of channel c lies: weights[c * row + k * step].
typedef struct {
    uint32_t row, step;
} nn_weight_layout;

// Checks weights and bias of a layer with `rows` channels along axis `axis` of its weights.
bool nn_check_weights(nn_build *build, const nn_info *weights, const nn_info *bias, uint32_t rows, int32_t axis);

static inline size_t nn_dense_bytes(uint32_t rows) {
    return rows * (sizeof(nn_channel) + 1);
}

// Fills `dense` and its tables at `memory` (nn_dense_bytes, aligned); rows, depth, low and high are already there.
bool nn_fill_dense(nn_build *build, nn_dense *dense, void *memory, const nn_info *input, const nn_info *weights,
                   const nn_info *bias, const nn_info *output, nn_weight_layout layout);

// `count` columns of `depth` inputs each, side by side, into `count` times `rows` outputs.
void nn_dense_run(const nn_dense *dense, const int8_t *columns, uint32_t count, int8_t *out);

#endif
