// SPDX-License-Identifier: Apache-2.0
// DEPTHWISE_CONV_2D, shared by its portable part and its kernels for Cortex-M.
#ifndef MOTET_NN_DEPTHWISE_H
#define MOTET_NN_DEPTHWISE_H

#include "dot.h"
#include "window.h"

typedef struct {
    nn_dense dense;
    nn_window window;
    uint32_t multiplier;     // output channels of each input channel
    int32_t pixels_per_step; // at most, all in one row
} nn_depthwise;

// Some output pixels of one row. All of the image's rows under them are read before the next such row is written.
typedef struct {
    const int8_t *image;
    int8_t *out; // of the first pixel
    int32_t y, x, count;
} nn_span;

// Channels `channel` and on, in portable C.
void nn_depthwise_span(const nn_depthwise *params, const nn_span *span, uint32_t channel);

// Kernels that take four channels at a time, for layers for which nn_depthwise_quad_bytes gives the scratch they need;
// it is 0 for others. They return the number of channels they did.
uint32_t nn_depthwise_quad_bytes(const nn_window *window, uint32_t multiplier, int32_t pixels);
uint32_t nn_depthwise_quads(const nn_depthwise *params, const nn_span *span, void *scratch);

#endif
