// SPDX-License-Identifier: Apache-2.0
// int8 weights of a layer, quantised by tensor or by channel: the common part of convolutions and fully connected
// layers. All sums are of weight * (input - zero point), so that nothing but the factors needs a table.
#ifndef MOTET_NN_DENSE_H
#define MOTET_NN_DENSE_H

#include "tensor.h"

typedef struct {
    const int8_t *weights;
    const uint8_t *bias;        // int32, not aligned; NULL: none
    const int32_t *multipliers; // of each channel, or one for all; with the shifts as in nn_scale
    const int8_t *shifts;
    uint32_t depth; // inputs of one output channel
    uint32_t rows;  // output channels
    int16_t input_zero, output_zero;
    int8_t low, high;
    bool by_channel; // a multiplier and shift for each channel
    bool fast;       // see nn_scale_fast
} nn_dense;

// A layer as the file describes it.
typedef struct {
    nn_info input, weights, bias, output;
    uint32_t rows;       // output channels
    uint32_t step;       // from one weight of a channel to the next: 1, or `rows` when channels lie side by side
    unsigned activation; // field of the fused activation in the options
} nn_layer;

// Reads the tensors: inputs of these numbers, and the bias behind both of them. Input and output are int8.
bool nn_read_layer(nn_build *build, uint32_t input, uint32_t weights, nn_layer *layer);

// Checks weights and bias, with `rows` channels along axis `axis` of the weights.
bool nn_check_weights(nn_build *build, const nn_layer *layer, int32_t axis);

// Fills in the first member of an operator's parameters, and keeps all of their `bytes`, with the tables it needs.
// False: refused, or out of memory.
bool nn_keep_layer(nn_build *build, const nn_layer *layer, nn_dense *params, size_t bytes);

// Whether the shifts of these channels, aligned to 4, are those of a fast layer (NN_FAST_SHIFT in dot.h).
bool nn_shifts_fast(const int8_t *shifts, uint32_t count);

static inline int32_t nn_bias(const nn_dense *dense, uint32_t channel) {
    return dense->bias ? nn_load_i32(dense->bias + 4 * (size_t)channel) : 0;
}

// One column of `depth` inputs into `rows` outputs elsewhere.
void nn_dense_column(const nn_dense *dense, const int8_t *column, int8_t *out);

// Up to four columns at a time: each is put into the scratch, then all outputs are written side by side. They may
// overwrite the columns.
#define NN_COLUMNS 4u

static inline uint32_t nn_dense_scratch(uint32_t depth) {
    return 2 * NN_COLUMNS * ((depth + 3) & ~3u); // aligned to 4
}

void nn_dense_put(const nn_dense *dense, void *scratch, uint32_t index, const int8_t *column);
void nn_dense_columns(const nn_dense *dense, const void *scratch, uint32_t count, int8_t *out);

#endif
