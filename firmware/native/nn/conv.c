// SPDX-License-Identifier: Apache-2.0
// CONV_2D: output pixels are columns of inputs times the weight matrix, four at a time. A 1x1 kernel reads the image as
// it is, others gather their column first.
#include "dense.h"
#include "registry.h"
#include "schema.h"
#include "window.h"

typedef struct {
    nn_window window;
    nn_dense dense;
    uint16_t input, output;
    bool direct;
    uint32_t pixels_per_step;
} conv;

static const nn_window_fields fields = {CONV_PADDING, CONV_STRIDE_H, CONV_STRIDE_W, CONV_DILATION_H, CONV_DILATION_W};

static bool is_direct(const nn_window *window) {
    return window->kernel_h == 1 && window->kernel_w == 1 && window->stride_h == 1 && window->stride_w == 1;
}

static bool check(nn_build *build, const nn_info *input, const nn_info *weights, const nn_info *output) {
    if (!nn_need_int8(build, input) || !nn_need_int8(build, output)) {
        return false;
    }
    if (weights->rank != 4 || output->rank != 4 || input->rank != 4 || weights->shape[0] != output->shape[3]) {
        return nn_malformed(build, "weights do not fit the output's channels");
    }
    return true;
}

static bool read(nn_build *build, nn_layer *layer, nn_window *window) {
    if (!nn_read_input(build, 0, &layer->input) || !nn_read_constant(build, 1, &layer->weights) ||
        !nn_read_optional_constant(build, 2, &layer->bias) || !nn_read_output(build, &layer->output) ||
        !check(build, &layer->input, &layer->weights, &layer->output)) {
        return false;
    }
    layer->rows = (uint32_t)layer->output.shape[3];
    return nn_check_weights(build, &layer->weights, &layer->bias, layer->rows, 0) &&
           nn_read_window(build, &fields, &layer->input, &layer->output, layer->weights.shape[1],
                          layer->weights.shape[2], window);
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

static bool prepare(nn_build *build) {
    nn_layer layer = {.step = 1, .activation = CONV_ACTIVATION};
    nn_window window;
    if (!read(build, &layer, &window)) {
        return false;
    }
    if (layer.weights.shape[3] != layer.input.shape[3]) {
        build->node->kind = &nn_conv_grouped;
        return nn_conv_grouped.prepare(build);
    }
    allow_overlap(build, &window);
    build->node->scratch_bytes = scratch_bytes(layer.weights.count / layer.rows, is_direct(&window));
    conv *params = nn_take(build, sizeof *params + nn_dense_bytes(build, &layer));
    if (params == NULL) {
        return nn_measuring(build);
    }
    build->node->params = params;
    params->window = window;
    params->input = layer.input.index;
    params->output = layer.output.index;
    params->direct = is_direct(&window);
    params->pixels_per_step = nn_items_per_step(layer.weights.count);
    return nn_fill_dense(build, &params->dense, params + 1, &layer);
}

// One kernel row that lies inside the image, with undilated columns: at most three copies.
static int8_t *gather_row(const conv *params, const int8_t *row, int32_t x, int8_t *to) {
    const nn_window *window = &params->window;
    int32_t channels = window->in_c;
    int32_t left = nn_clamp(-x, 0, window->kernel_w);
    int32_t right = nn_clamp(window->in_w - x, left, window->kernel_w);
    memset(to, params->dense.input_zero, (size_t)(left * channels));
    memcpy(to + left * channels, row + (x + left) * channels, (size_t)((right - left) * channels));
    memset(to + right * channels, params->dense.input_zero, (size_t)((window->kernel_w - right) * channels));
    return to + window->kernel_w * channels;
}

static int8_t *gather_dilated_row(const conv *params, const int8_t *row, int32_t x, int8_t *to) {
    const nn_window *window = &params->window;
    for (int32_t k = 0; k < window->kernel_w; k++, x += window->dilation_w, to += window->in_c) {
        if (x < 0 || x >= window->in_w) {
            memset(to, params->dense.input_zero, (size_t)window->in_c);
        } else {
            memcpy(to, row + x * window->in_c, (size_t)window->in_c);
        }
    }
    return to;
}

// The inputs under the kernel at one output pixel, in the order of the weights.
static void gather(const conv *params, const int8_t *image, const nn_pixel *pixel, int8_t *to) {
    const nn_window *window = &params->window;
    int32_t row_bytes = window->in_w * window->in_c;
    int32_t y = pixel->y * window->stride_h - window->pad_h;
    int32_t x = pixel->x * window->stride_w - window->pad_w;
    for (int32_t k = 0; k < window->kernel_h; k++, y += window->dilation_h) {
        if (y < 0 || y >= window->in_h) {
            memset(to, params->dense.input_zero, (size_t)(window->kernel_w * window->in_c));
            to += window->kernel_w * window->in_c;
        } else if (window->dilation_w == 1) {
            to = gather_row(params, image + y * row_bytes, x, to);
        } else {
            to = gather_dilated_row(params, image + y * row_bytes, x, to);
        }
    }
}

static void put_gathered(const conv *params, const int8_t *input, nn_pixel *pixel, void *scratch, uint32_t index) {
    int8_t *column = (int8_t *)scratch + nn_dense_scratch(params->dense.depth);
    gather(params, nn_image(&params->window, input, pixel->batch), pixel, column);
    nn_next_pixel(&params->window, pixel);
    nn_dense_put(&params->dense, scratch, index, column);
}

static bool run_direct(nn_model *model, const nn_node *node, const int8_t *input, int8_t *out) {
    const conv *params = node->params;
    const nn_dense *dense = &params->dense;
    void *scratch = model->activations + node->scratch;
    uint32_t pixels = nn_window_pixels(&params->window);
    for (uint32_t done = 0; done < pixels; done += NN_COLUMNS) {
        if (done % params->pixels_per_step == 0 && !nn_step(model)) {
            return false;
        }
        uint32_t count = pixels - done < NN_COLUMNS ? pixels - done : NN_COLUMNS;
        uint32_t at = node->backwards ? pixels - done - count : done;
        for (uint32_t i = 0; i < count; i++) {
            nn_dense_put(dense, scratch, i, input + (at + i) * dense->depth);
        }
        nn_dense_columns(dense, scratch, count, out + at * dense->rows);
    }
    return true;
}

static bool run_gathered(nn_model *model, const nn_node *node, const int8_t *input, int8_t *out) {
    const conv *params = node->params;
    const nn_dense *dense = &params->dense;
    void *scratch = model->activations + node->scratch;
    uint32_t pixels = nn_window_pixels(&params->window);
    nn_pixel pixel = {0, 0, 0};
    for (uint32_t done = 0; done < pixels; done += NN_COLUMNS, out += NN_COLUMNS * dense->rows) {
        if (done % params->pixels_per_step == 0 && !nn_step(model)) {
            return false;
        }
        uint32_t count = pixels - done < NN_COLUMNS ? pixels - done : NN_COLUMNS;
        for (uint32_t i = 0; i < count; i++) {
            put_gathered(params, input, &pixel, scratch, i);
        }
        nn_dense_columns(dense, scratch, count, out);
    }
    return true;
}

static bool run(nn_model *model, const nn_node *node) {
    const conv *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, params->input);
    int8_t *out = (int8_t *)nn_data(model, params->output);
    return (params->direct ? run_direct : run_gathered)(model, node, input, out);
}

const nn_operator nn_conv = {BUILTIN_CONV_2D, OPTIONS_CONV_2D, 2, 3, "CONV_2D", prepare, run};
