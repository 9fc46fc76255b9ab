// SPDX-License-Identifier: Apache-2.0
// The geometry of a kernel sliding over an NHWC image: convolution and pooling.
#ifndef MOTET_NN_WINDOW_H
#define MOTET_NN_WINDOW_H

#include "tensor.h"

typedef struct {
    int32_t in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t batches;
    int32_t pad_h, pad_w; // rows above and columns left of the image
    uint16_t kernel_h, kernel_w;
    uint8_t stride_h, stride_w;
    uint8_t dilation_h, dilation_w;
} nn_window;

// Field numbers of an operator's options table; 0 for dilations that the operator does not have.
typedef struct {
    uint8_t padding, stride_h, stride_w, dilation_h, dilation_w;
} nn_window_fields;

// Reads the options and checks that `output` has the shape that follows from them, apart from its channels.
bool nn_read_window(nn_build *build, const nn_window_fields *fields, const nn_info *input, const nn_info *output,
                    int32_t kernel_h, int32_t kernel_w, nn_window *window);

// The same for a pool (pool.c), whose tensors it reads; and how many of its pixels make up a step.
bool nn_read_pool(nn_build *build, nn_info *input, nn_info *output, nn_window *window, uint32_t *pixels_per_step);

// An output pixel, counted through batches, rows and columns.
typedef struct {
    int32_t batch, y, x;
} nn_pixel;

uint32_t nn_window_pixels(const nn_window *window);
void nn_next_pixel(const nn_window *window, nn_pixel *pixel);

// The least `forward` of nn_overlap for an operator that takes pixels of int8 in their order. Before it writes the
// first of `together` pixels it has read all under those before; it may read what lies under these `together` until all
// of them are written. 0: it has read all under the first before it writes it; out_w: it works by rows.
uint32_t nn_window_forward(const nn_window *window, int32_t together);

static inline const int8_t *nn_image(const nn_window *window, const int8_t *input, int32_t batch) {
    return input + (size_t)batch * (size_t)window->in_h * (size_t)window->in_w * (size_t)window->in_c;
}

#endif
