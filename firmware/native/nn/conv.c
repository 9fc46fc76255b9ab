// SPDX-License-Identifier: Apache-2.0
// CONV_2D and TRANSPOSE_CONV of int8: output pixels are columns of inputs times the weight matrix, four at a time. A
// 1x1 kernel reads the image as it is, others gather their columns first. In groups, each of which has its own columns
// and rows of the matrix, it is one column at a time.
#include "dense.h"
#include "registry.h"
#include "schema.h"
#include "window.h"

typedef struct {
    nn_window window;
    nn_dense dense; // of one group
    bool transposed;
} conv;

static const nn_window_fields fields = {CONV_PADDING, CONV_STRIDE_H, CONV_STRIDE_W, CONV_DILATION_H, CONV_DILATION_W};
static const nn_window_fields transposed_fields = {TRANSPOSE_CONV_PADDING, TRANSPOSE_CONV_STRIDE_H,
                                                   TRANSPOSE_CONV_STRIDE_W, 0, 0};

static bool is_direct(const nn_window *window) {
    return window->kernel_h == 1 && window->kernel_w == 1 && window->stride_h == 1 && window->stride_w == 1;
}

// The scratch: the columns as the product takes them, then one column as it is gathered.
static uint32_t scratch_bytes(uint32_t depth, bool direct) {
    return nn_dense_scratch(depth) + (direct ? 0 : depth);
}

static uint32_t aligned(uint32_t bytes) {
    return (bytes + NN_ALIGN - 1) & ~(uint32_t)(NN_ALIGN - 1);
}

// Columns are read in fours before their outputs are written.
static void allow_overlap(nn_build *build, const nn_window *window) {
    if (nn_measuring(build)) {
        return;
    }
    if (!is_direct(window) || window->batches != 1) {
        nn_overlap(build, nn_window_forward(window, 0), NN_NEVER);
        return;
    }
    uint32_t in = (uint32_t)window->in_c, out = (uint32_t)window->out_c, pixels = nn_window_pixels(window);
    nn_overlap(build, out > in ? aligned(pixels * (out - in)) : 0, in > out ? aligned(pixels * (in - out)) : 0);
}

static bool take(nn_build *build, const nn_layer *layer, const nn_window *window, uint32_t groups, conv **params) {
    bool direct = is_direct(window) && groups == 1;
    build->node->scratch_bytes = scratch_bytes(layer->weights.count / layer->rows, direct);
    *params = nn_take_layer(build, layer, sizeof **params);
    if (*params == NULL) {
        return nn_measuring(build);
    }
    (*params)->window = *window;
    bool filled = nn_fill_dense(build, &(*params)->dense, *params + 1, layer);
    (*params)->dense.rows /= groups;
    return filled;
}

static bool prepare(nn_build *build) {
    nn_layer layer;
    nn_window window;
    conv *params;
    layer.step = 1;
    layer.activation = CONV_ACTIVATION;
    if (!nn_read_layer(build, 0, 1, &layer)) {
        return false;
    }
    const int32_t *kernel = layer.weights.shape, channels = layer.input.shape[3];
    layer.rows = (uint32_t)kernel[0];
    if (layer.weights.rank != 4 || layer.input.rank != 4 || layer.output.rank != 4 ||
        kernel[0] != layer.output.shape[3] || channels % kernel[3] != 0 || kernel[0] % (channels / kernel[3]) != 0) {
        return nn_refuse(build, NN_WHY_WEIGHTS_NOT_FIT_CHANNELS);
    }
    if (!nn_check_weights(build, &layer, 0) ||
        !nn_read_window(build, &fields, &layer.input, &layer.output, kernel[1], kernel[2], &window)) {
        return false;
    }
    uint32_t groups = (uint32_t)(channels / kernel[3]);
    if (groups == 1) {
        allow_overlap(build, &window);
    }
    return take(build, &layer, &window, groups, &params);
}

// Inputs: the output's shape, which its tensor has as well; weights; input; bias. Its window is that of the convolution
// from the output's image to the input's, which it is backwards.
static bool prepare_transposed(nn_build *build) {
    nn_layer layer;
    nn_window window;
    conv *params;
    layer.step = 1;
    layer.activation = TRANSPOSE_CONV_ACTIVATION;
    if (!nn_read_layer(build, 2, 1, &layer)) {
        return false;
    }
    const int32_t *kernel = layer.weights.shape;
    layer.rows = (uint32_t)kernel[0];
    if (layer.weights.rank != 4 || layer.input.rank != 4 || layer.output.rank != 4 ||
        kernel[0] != layer.output.shape[3] || kernel[3] != layer.input.shape[3]) {
        return nn_refuse(build, NN_WHY_WEIGHTS_NOT_FIT_CHANNELS);
    }
    if (!nn_check_weights(build, &layer, 0) ||
        !nn_read_window(build, &transposed_fields, &layer.output, &layer.input, kernel[1], kernel[2], &window)) {
        return false;
    }
    const nn_window own = window;
    window.in_h = own.out_h, window.in_w = own.out_w, window.in_c = own.out_c;
    window.out_h = own.in_h, window.out_w = own.in_w, window.out_c = own.in_c;
    if (!take(build, &layer, &window, 1, &params)) {
        return false;
    }
    if (params != NULL) {
        params->transposed = true;
    }
    return true;
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

// One kernel row that lies inside the image, with neighbouring columns: at most three copies.
static void gather_row(const conv *params, const int8_t *row, int32_t x, int8_t *to) {
    const nn_window *window = &params->window;
    int32_t channels = window->in_c;
    int32_t left = nn_clamp(-x, 0, window->kernel_w);
    int32_t right = nn_clamp(window->in_w - x, left, window->kernel_w);
    memset(to, params->dense.input_zero, (size_t)(left * channels));
    memcpy(to + left * channels, row + (x + left) * channels, (size_t)((right - left) * channels));
    memset(to + right * channels, params->dense.input_zero, (size_t)((window->kernel_w - right) * channels));
}

static void gather_taps(const conv *params, const int8_t *row, const axis *x, int32_t channels, int8_t *to) {
    for (int32_t tap = 0; tap < params->window.kernel_w; tap++, to += channels) {
        int32_t column = under(x, tap);
        if (column < 0) {
            memset(to, params->dense.input_zero, (size_t)channels);
        } else {
            memcpy(to, row + column * params->window.in_c, (size_t)channels);
        }
    }
}

// The inputs under the kernel at one output pixel, in the order of the weights: `channels` from `image` on.
static void gather(const conv *params, const int8_t *image, const nn_pixel *pixel, int32_t channels, int8_t *to) {
    const nn_window *w = &params->window;
    const axis y = axis_of(params->transposed, pixel->y, w->pad_h, w->stride_h, w->dilation_h, w->in_h);
    const axis x = axis_of(params->transposed, pixel->x, w->pad_w, w->stride_w, w->dilation_w, w->in_w);
    int32_t row_bytes = w->kernel_w * channels;
    for (int32_t tap = 0; tap < w->kernel_h; tap++, to += row_bytes) {
        int32_t row = under(&y, tap);
        if (row < 0) {
            memset(to, params->dense.input_zero, (size_t)row_bytes);
        } else if (x.step == 1 && channels == w->in_c) {
            gather_row(params, image + row * w->in_w * w->in_c, x.at, to);
        } else {
            gather_taps(params, image + row * w->in_w * w->in_c, &x, channels, to);
        }
    }
}

// One pixel of a convolution in groups.
static void run_groups(const conv *params, const int8_t *image, const nn_pixel *pixel, int8_t *column, int8_t *out) {
    const nn_window *window = &params->window;
    nn_dense own = params->dense;
    int32_t channels = (int32_t)own.depth / (window->kernel_h * window->kernel_w);
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
    int8_t *out = (int8_t *)nn_data(model, node->output) + index * (uint32_t)params->window.out_c;
    int8_t *scratch = (int8_t *)model->activations + node->scratch, *column = scratch + nn_dense_scratch(dense->depth);
    bool direct = is_direct(&params->window);
    if (dense->rows != (uint32_t)params->window.out_c) {
        run_groups(params, nn_image(&params->window, input, pixel->batch), pixel, column, out);
        nn_next_pixel(&params->window, pixel);
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!direct) {
            gather(params, nn_image(&params->window, input, pixel->batch), pixel, params->window.in_c, column);
            nn_next_pixel(&params->window, pixel);
        }
        nn_dense_put(dense, scratch, i, direct ? input + (index + i) * dense->depth : column);
    }
    nn_dense_columns(dense, scratch, count, out);
}

static bool run(nn_model *model, const nn_node *node) {
    const conv *params = node->params;
    uint32_t pixels = nn_window_pixels(&params->window);
    uint32_t pixels_per_step = nn_items_per_step(params->dense.depth * (uint32_t)params->window.out_c);
    uint32_t together = params->dense.rows == (uint32_t)params->window.out_c ? NN_COLUMNS : 1;
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

const nn_operator nn_conv = {BUILTIN_CONV_2D, OPTIONS_CONV_2D, 2, 3, "CONV_2D", prepare, run};
const nn_operator nn_transpose_conv = {BUILTIN_TRANSPOSE_CONV, OPTIONS_TRANSPOSE_CONV, 3,  4,
                                       "TRANSPOSE_CONV",       prepare_transposed,     run};
