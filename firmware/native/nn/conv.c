// SPDX-License-Identifier: Apache-2.0
// CONV_2D and TRANSPOSE_CONV of int8: output pixels are columns of inputs times the weight matrix, four at a time. A
// 1x1 kernel reads the image as it is, others gather their columns first. In groups, each of which has its own columns
// and rows of the matrix, it is one column at a time.
#include "dense.h"
#include "registry.h"
#include "schema.h"
#include "window.h"

typedef struct {
    nn_dense dense; // of all groups
    nn_window window;
    bool transposed;
    bool direct;  // the image is read as it is
    bool grouped; // each group has its own channels of the input and of the output
} conv;

static const nn_window_fields fields = {CONV_PADDING, CONV_STRIDE_H, CONV_STRIDE_W, CONV_DILATION_H, CONV_DILATION_W};
static const nn_window_fields transposed_fields = {TRANSPOSE_CONV_PADDING, TRANSPOSE_CONV_STRIDE_H,
                                                   TRANSPOSE_CONV_STRIDE_W, 0, 0};

static uint32_t aligned(uint32_t bytes) {
    return (bytes + NN_ALIGN - 1) & ~(uint32_t)(NN_ALIGN - 1);
}

// Columns are read in fours before their outputs are written.
static void allow_overlap(nn_build *build, const conv *own) {
    const nn_window *window = &own->window;
    if (!own->direct || window->batches != 1) {
        nn_overlap(build, nn_window_forward(window, 0), NN_NEVER);
        return;
    }
    uint32_t in = (uint32_t)window->in_c, out = (uint32_t)window->out_c, pixels = nn_window_pixels(window);
    nn_overlap(build, out > in ? aligned(pixels * (out - in)) : 0, in > out ? aligned(pixels * (in - out)) : 0);
}

static bool check(nn_build *build, nn_layer *layer, bool transposed) {
    const int32_t *kernel = layer->weights.shape, channels = layer->input.shape[3];
    layer->rows = (uint32_t)kernel[0];
    if (layer->weights.rank != 4 || layer->input.rank != 4 || layer->output.rank != 4 ||
        kernel[0] != layer->output.shape[3] || channels % kernel[3] != 0 || (transposed && channels != kernel[3]) ||
        kernel[0] % (channels / kernel[3]) != 0) {
        return nn_refuse(build, NN_WHY_WEIGHTS_NOT_FIT_CHANNELS);
    }
    return nn_check_weights(build, layer, 0);
}

// A transposed convolution is one from the output's image to the input's, backwards.
static bool read_window(nn_build *build, const nn_layer *layer, conv *own) {
    nn_window *window = &own->window;
    const nn_info *from = own->transposed ? &layer->output : &layer->input;
    const nn_info *to = own->transposed ? &layer->input : &layer->output;
    if (!nn_read_window(build, own->transposed ? &transposed_fields : &fields, from, to, layer->weights.shape[1],
                        layer->weights.shape[2], window)) {
        return false;
    }
    if (own->transposed) {
        const nn_window back = *window;
        window->in_h = back.out_h, window->in_w = back.out_w, window->in_c = back.out_c;
        window->out_h = back.in_h, window->out_w = back.in_w, window->out_c = back.in_c;
    }
    return true;
}

// Inputs of TRANSPOSE_CONV: the output's shape, which its tensor has as well; weights; input; bias.
static bool prepare(nn_build *build) {
    nn_layer layer;
    conv own;
    own.transposed = build->node->kind->builtin == BUILTIN_TRANSPOSE_CONV;
    layer.step = 1;
    layer.activation = own.transposed ? TRANSPOSE_CONV_ACTIVATION : CONV_ACTIVATION;
    if (!nn_read_layer(build, own.transposed ? 2 : 0, 1, &layer) || !check(build, &layer, own.transposed) ||
        !read_window(build, &layer, &own)) {
        return false;
    }
    own.grouped = layer.input.shape[3] != layer.weights.shape[3];
    own.direct = !own.grouped && own.window.kernel_h == 1 && own.window.kernel_w == 1 && own.window.stride_h == 1 &&
                 own.window.stride_w == 1;
    if (!own.grouped && !own.transposed && !nn_measuring(build)) {
        allow_overlap(build, &own);
    }
    // The columns as the product takes them, then one column as it is gathered.
    const uint32_t depth = layer.weights.count / layer.rows;
    build->node->scratch_bytes = nn_dense_scratch(depth) + (own.direct ? 0 : depth);
    return nn_keep_layer(build, &layer, &own.dense, sizeof own);
}

// An axis of the window: where it begins at this pixel, and from one tap to the next.
typedef struct {
    int32_t at, step, stride, size;
} axis;

static axis axis_of(bool transposed, int32_t at, int32_t pad, int32_t stride, int32_t dilation, int32_t size) {
    const axis usual = {at * stride - pad, dilation, 1, size}, transposed_axis = {at + pad, -1, stride, size};
    return transposed ? transposed_axis : usual;
}

// Where in the image tap `tap` lies; -1 for outside, and for between the pixels of one that is spread.
static int32_t under(const axis *own, int32_t tap) {
    int32_t position = own->at + tap * own->step;
    if (position < 0 || (own->stride > 1 && position % own->stride != 0)) {
        return -1;
    }
    position = own->stride > 1 ? position / own->stride : position;
    return position < own->size ? position : -1;
}

// The inputs under the kernel at one output pixel, in the order of the weights: `channels` from `image` on.
static void gather(const conv *params, const int8_t *image, const nn_pixel *pixel, int32_t channels, int8_t *to) {
    const nn_window *w = &params->window;
    const axis y = axis_of(params->transposed, pixel->y, w->pad_h, w->stride_h, w->dilation_h, w->in_h);
    const axis x = axis_of(params->transposed, pixel->x, w->pad_w, w->stride_w, w->dilation_w, w->in_w);
    const bool neighbours = x.step == 1 && channels == w->in_c; // what is inside lies in one piece
    for (int32_t i = 0; i < w->kernel_h; i++) {
        const int32_t row = under(&y, i);
        int32_t taps = 1;
        for (int32_t j = 0; j < w->kernel_w; j += taps) {
            const int32_t column = row < 0 ? -1 : under(&x, j);
            taps = 1;
            if (neighbours && column >= 0) {
                taps = w->kernel_w - j < w->in_w - column ? w->kernel_w - j : w->in_w - column;
            }
            const size_t bytes = (size_t)(taps * channels);
            if (column < 0) {
                memset(to, params->dense.input_zero, bytes);
            } else {
                memcpy(to, image + (row * w->in_w + column) * w->in_c, bytes);
            }
            to += bytes;
        }
    }
}

// One pixel of a convolution in groups.
static void run_groups(const conv *params, const int8_t *image, const nn_pixel *pixel, int8_t *column, int8_t *out) {
    const nn_window *window = &params->window;
    nn_dense own = params->dense;
    const int32_t channels = (int32_t)own.depth / (window->kernel_h * window->kernel_w);
    own.rows /= (uint32_t)(window->in_c / channels);
    for (int32_t first = 0; first < window->in_c; first += channels, out += own.rows) {
        gather(params, image + first, pixel, channels, column);
        nn_dense_column(&own, column, out);
        own.weights += own.rows * own.depth;
        own.bias = own.bias ? own.bias + 4 * own.rows : NULL;
        own.multipliers += own.by_channel ? own.rows : 0;
        own.shifts += own.by_channel ? own.rows : 0;
    }
}

// The next `count` pixels from `index` on into the scratch, then their outputs.
static void run_columns(nn_model *model, const nn_node *node, nn_pixel *pixel, uint32_t index, uint32_t count) {
    const conv *params = node->params;
    const nn_dense *dense = &params->dense;
    const int8_t *input = (const int8_t *)nn_data(model, node->input);
    int8_t *out = (int8_t *)nn_data(model, node->output) + index * dense->rows;
    int8_t *scratch = (int8_t *)model->activations + node->scratch, *column = scratch + nn_dense_scratch(dense->depth);
    if (params->grouped) {
        run_groups(params, nn_image(&params->window, input, pixel->batch), pixel, column, out);
        nn_next_pixel(&params->window, pixel);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        const int8_t *from = input + (index + i) * dense->depth;
        if (!params->direct) {
            from = column;
            gather(params, nn_image(&params->window, input, pixel->batch), pixel, params->window.in_c, column);
            nn_next_pixel(&params->window, pixel);
        }
        nn_dense_put(dense, scratch, i, from);
    }
    nn_dense_columns(dense, scratch, count, out);
}

static bool run(nn_model *model, const nn_node *node) {
    const conv *params = node->params;
    uint32_t pixels = nn_window_pixels(&params->window);
    uint32_t pixels_per_step = nn_items_per_step(params->dense.depth * params->dense.rows);
    uint32_t together = params->grouped ? 1 : NN_COLUMNS;
    nn_pixel pixel = {0, 0, 0};
    for (uint32_t done = 0; done < pixels; done += together) {
        if (!nn_step_each(model, done, pixels_per_step)) {
            return false;
        }
        uint32_t count = pixels - done < together ? pixels - done : together;
        run_columns(model, node, &pixel, node->backwards ? pixels - done - count : done, count);
    }
    return true;
}

const nn_operator nn_conv = {BUILTIN_CONV_2D, OPTIONS_CONV_2D, 2, 3, NN_NAME("CONV_2D"), prepare, run};
const nn_operator nn_transpose_conv = {
    BUILTIN_TRANSPOSE_CONV, OPTIONS_TRANSPOSE_CONV, 3, 4, NN_NAME("TRANSPOSE_CONV"), prepare, run};
