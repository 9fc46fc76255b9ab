// SPDX-License-Identifier: Apache-2.0
// Layers of weights whose activations are wider than int8: int16 with int8 weights, and float32. One geometry serves
// CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED, which is a convolution of images of one pixel.
#ifndef MOTET_NN_WIDE_H
#define MOTET_NN_WIDE_H

#include "window.h"

typedef struct {
    nn_window window;
    const uint8_t *weights, *bias; // in the file, not aligned; no bias: NULL
    int32_t run;                   // input channels that an output channel sees
    int32_t sharing;               // output channels that see the same input channels
    int32_t channel_distance;      // in the weights, from one output channel to the next
    int32_t tap_distance;          // in the weights, from one tap of the kernel to the next
    uint32_t pixels_per_step;
    uint8_t input_bytes, weight_bytes; // of an element
    uint32_t column;                   // inputs under the kernel that are gathered first; 0: taken from where they are
} nn_wide;

// The products of one output: rows x columns x run of them; distances in elements.
typedef struct {
    int32_t rows, columns, run;
    int32_t input_row, input_column;
    int32_t weight_row, weight_column;
} nn_taps;

// Computes output channel `channel` from the first input and weight of `taps`.
typedef void (*nn_wide_output)(const nn_wide *layer, const nn_taps *taps, const uint8_t *input, const uint8_t *weights,
                               uint32_t channel, uint8_t *out);

// Reads the tensors of the operator (input, weights, bias, output) and checks their shapes; activations of `type`,
// constant weights of `weight_type`. The fused activation is the field that it returns in `activation`.
bool nn_read_wide(nn_build *build, uint8_t type, uint8_t weight_type, nn_wide *layer, nn_info info[4],
                  uint8_t *activation);

// Of a node whose parameters begin with its nn_wide.
bool nn_run_wide(nn_model *model, const nn_node *node, nn_wide_output output);

#endif
