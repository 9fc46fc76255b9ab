// SPDX-License-Identifier: Apache-2.0
// DEPTHWISE_CONV_2D: each input channel has its own kernels. What lies outside the image counts as the zero point, and
// so for nothing.
#include "depthwise.h"
#include "registry.h"
#include "schema.h"

#define MOST_SCRATCH 1792u // bytes: wide rows are done in parts

static const nn_window_fields fields = {CONV_PADDING, CONV_STRIDE_H, CONV_STRIDE_W, DEPTHWISE_DILATION_H,
                                        DEPTHWISE_DILATION_W};

static bool check(nn_build *build, const nn_info *input, const nn_info *weights, const nn_info *output) {
    if (weights->rank != 4 || output->rank != 4 || input->rank != 4 || weights->shape[0] != 1 ||
        weights->shape[3] != output->shape[3] || output->shape[3] % input->shape[3] != 0) {
        return nn_refuse(build, NN_WHY_WEIGHTS_NOT_FIT_CHANNELS_INPUT_OUTPUT);
    }
    int32_t multiplier = nn_option_int(build, DEPTHWISE_MULTIPLIER, 0);
    return multiplier == output->shape[3] / input->shape[3] ||
           nn_refuse(build, NN_WHY_DEPTH_MULTIPLIER_NOT_FIT_CHANNELS);
}

static bool read(nn_build *build, nn_layer *layer, nn_window *window) {
    if (!nn_read_layer(build, 0, 1, layer) || !check(build, &layer->input, &layer->weights, &layer->output)) {
        return false;
    }
    layer->rows = layer->step = (uint32_t)layer->output.shape[3];
    return nn_check_weights(build, layer, 3) &&
           nn_read_window(build, &fields, &layer->input, &layer->output, layer->weights.shape[1],
                          layer->weights.shape[2], window);
}

// How many pixels of a row make a step: bounded in work and in scratch.
static int32_t pixels_per_step(const nn_window *window, uint32_t multiplier, uint32_t weights) {
    uint32_t pixels = nn_items_per_step(weights);
    pixels = pixels < (uint32_t)window->out_w ? pixels : (uint32_t)window->out_w;
    while (pixels > 1 && nn_depthwise_quad_bytes(window, multiplier, (int32_t)pixels) > MOST_SCRATCH) {
        pixels = (pixels + 1) / 2;
    }
    return (int32_t)pixels;
}

static bool prepare(nn_build *build) {
    nn_layer layer;
    nn_depthwise own;
    nn_window *window = &own.window;
    layer.activation = DEPTHWISE_ACTIVATION;
    if (!read(build, &layer, window)) {
        return false;
    }
    if (!nn_measuring(build)) {
        nn_overlap(build, nn_window_forward(window, window->out_w), NN_NEVER);
    }
    own.multiplier = (uint32_t)(window->out_c / window->in_c);
    own.pixels_per_step = pixels_per_step(window, own.multiplier, layer.weights.count);
    build->node->scratch_bytes = nn_depthwise_quad_bytes(window, own.multiplier, own.pixels_per_step);
    return nn_keep_layer(build, &layer, &own.dense, sizeof own);
}

static void run_span(const nn_depthwise *params, const nn_span *span, void *scratch) {
    uint32_t done = nn_depthwise_quads(params, span, scratch);
    if (done < params->dense.rows) {
        nn_depthwise_span(params, span, done);
    }
}

static bool run(nn_model *model, const nn_node *node) {
    const nn_depthwise *params = node->params;
    const nn_window *window = &params->window;
    const int8_t *input = (const int8_t *)nn_data(model, node->input);
    int8_t *out = (int8_t *)nn_data(model, node->output);
    nn_pixel at = {0, 0, 0};
    for (uint32_t left = nn_window_pixels(window); left > 0;) {
        int32_t count = window->out_w - at.x < params->pixels_per_step ? window->out_w - at.x : params->pixels_per_step;
        const nn_span span = {nn_image(window, input, at.batch), out, at.y, at.x, count};
        if (!nn_step(model)) {
            return false;
        }
        run_span(params, &span, model->activations + node->scratch);
        out += count * window->out_c;
        left -= (uint32_t)count;
        at.x += count - 1;
        nn_next_pixel(window, &at);
    }
    return true;
}

const nn_operator nn_depthwise_conv = {
    BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, 2, 3, NN_NAME("DEPTHWISE_CONV_2D"), prepare, run};
