// SPDX-License-Identifier: Apache-2.0
// TRANSPOSE_CONV of int8: the convolution that would lead from the output's image to the input's, backwards. Each
// output pixel gathers the products that fall on it.
#include "dot.h"
#include "registry.h"
#include "schema.h"
#include "window.h"

typedef struct {
    nn_window window; // "in" is the output's image, "out" the input's
    nn_dense dense;
    uint16_t input, output;
    uint32_t pixels_per_step;
} transposed;

static const nn_window_fields fields = {TRANSPOSE_CONV_PADDING, TRANSPOSE_CONV_STRIDE_H, TRANSPOSE_CONV_STRIDE_W, 0, 0};

// Inputs: the output's shape, which its tensor has as well; weights; input; bias.
static bool read(nn_build *build, nn_layer *layer, nn_window *window) {
    if (!nn_read_constant(build, 1, &layer->weights) || !nn_read_input(build, 2, &layer->input) ||
        !nn_read_optional_constant(build, 3, &layer->bias) || !nn_read_output(build, &layer->output) ||
        !nn_need_int8(build, &layer->input) || !nn_need_int8(build, &layer->output)) {
        return false;
    }
    const nn_info *weights = &layer->weights;
    if (weights->rank != 4 || layer->input.rank != 4 || layer->output.rank != 4 ||
        weights->shape[0] != layer->output.shape[3] || weights->shape[3] != layer->input.shape[3]) {
        return nn_malformed(build, "weights do not fit the channels");
    }
    layer->rows = (uint32_t)weights->shape[0];
    return nn_check_weights(build, weights, &layer->bias, layer->rows, 0) &&
           nn_read_window(build, &fields, &layer->output, &layer->input, weights->shape[1], weights->shape[2], window);
}

static bool prepare(nn_build *build) {
    nn_layer layer = {.step = 1, .activation = TRANSPOSE_CONV_ACTIVATION};
    nn_window window;
    if (!read(build, &layer, &window)) {
        return false;
    }
    transposed *params = nn_take(build, sizeof *params + nn_dense_bytes(build, &layer));
    if (params == NULL) {
        return nn_measuring(build);
    }
    build->node->params = params;
    params->window = window;
    params->input = layer.input.index;
    params->output = layer.output.index;
    params->pixels_per_step = nn_items_per_step(layer.weights.count);
    return nn_fill_dense(build, &params->dense, params + 1, &layer);
}

// Taps of the kernel along one axis through which the input reaches an output position: the first, how many, and the
// input position under the first. Each further one is a stride further in the kernel and one position back.
typedef struct {
    int32_t tap, count, at;
} reach;

static reach reach_of(int32_t position, int32_t stride, int32_t kernel, int32_t size) {
    int32_t tap = position % stride, at = position / stride;
    if (at >= size) {
        tap += (at - size + 1) * stride;
        at = size - 1;
    }
    int32_t count = tap < kernel ? (kernel - tap + stride - 1) / stride : 0;
    const reach result = {tap, count < at + 1 ? count : at + 1, at};
    return result;
}

static int32_t sum_of(const transposed *params, const int8_t *image, const reach *y, const reach *x, uint32_t channel) {
    const nn_window *window = &params->window;
    const nn_dense *dense = &params->dense;
    int32_t depth = window->out_c, sum = nn_bias(dense, channel);
    for (int32_t i = 0; i < y->count; i++) {
        int32_t row = (y->at - i) * window->out_w, tap_row = (y->tap + i * window->stride_h) * window->kernel_w;
        for (int32_t j = 0; j < x->count; j++) {
            const int8_t *input = image + (row + x->at - j) * depth;
            const int8_t *weights = dense->weights + channel * dense->depth;
            weights += (tap_row + x->tap + j * window->stride_w) * depth;
            for (int32_t k = 0; k < depth; k++) {
                sum += weights[k] * (input[k] - dense->input_zero);
            }
        }
    }
    return sum;
}

static void one_pixel(const transposed *params, const int8_t *image, int32_t y, int32_t x, int8_t *out) {
    const nn_window *window = &params->window;
    const reach rows = reach_of(y + window->pad_h, window->stride_h, window->kernel_h, window->out_h);
    const reach columns = reach_of(x + window->pad_w, window->stride_w, window->kernel_w, window->out_w);
    for (uint32_t c = 0; c < params->dense.rows; c++) {
        const nn_channel channel = nn_channel_of(&params->dense, c);
        out[c] = nn_requantize(&params->dense, sum_of(params, image, &rows, &columns, c), &channel);
    }
}

static bool run(nn_model *model, const nn_node *node) {
    const transposed *params = node->params;
    const nn_window *window = &params->window;
    const int8_t *image = (const int8_t *)nn_data(model, params->input);
    int8_t *out = (int8_t *)nn_data(model, params->output);
    uint32_t done = 0;
    for (int32_t batch = 0; batch < window->batches; batch++, image += window->out_h * window->out_w * window->out_c) {
        for (int32_t y = 0; y < window->in_h; y++) {
            for (int32_t x = 0; x < window->in_w; x++, out += params->dense.rows) {
                if (done++ % params->pixels_per_step == 0 && !nn_step(model)) {
                    return false;
                }
                one_pixel(params, image, y, x, out);
            }
        }
    }
    return true;
}

const nn_operator nn_transpose_conv = {
    BUILTIN_TRANSPOSE_CONV, OPTIONS_TRANSPOSE_CONV, 3, 4, "TRANSPOSE_CONV", prepare, run};
