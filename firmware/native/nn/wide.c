// SPDX-License-Identifier: Apache-2.0
#include "small.h" // first, for the functions in the others

#include "schema.h"
#include "wide.h"

static const nn_window_fields conv_fields = {CONV_PADDING, CONV_STRIDE_H, CONV_STRIDE_W, CONV_DILATION_H,
                                             CONV_DILATION_W};
static const nn_window_fields depthwise_fields = {CONV_PADDING, CONV_STRIDE_H, CONV_STRIDE_W, DEPTHWISE_DILATION_H,
                                                  DEPTHWISE_DILATION_W};

static bool read_conv(nn_build *build, nn_wide *layer, const nn_info info[4]) {
    const int32_t *kernel = info[1].shape;
    if (info[0].rank != 4 || info[1].rank != 4 || info[3].rank != 4 || kernel[0] != info[3].shape[3] ||
        info[0].shape[3] % kernel[3] != 0 || kernel[0] % (info[0].shape[3] / kernel[3]) != 0) {
        return nn_refuse(build, NN_WHY_WEIGHTS_NOT_FIT_CHANNELS);
    }
    layer->run = kernel[3];
    layer->sharing = kernel[0] / (info[0].shape[3] / kernel[3]);
    layer->channel_distance = (int32_t)(info[1].count / (uint32_t)kernel[0]);
    layer->tap_distance = kernel[3];
    return nn_read_window(build, &conv_fields, &info[0], &info[3], kernel[1], kernel[2], &layer->window);
}

static bool read_depthwise(nn_build *build, nn_wide *layer, const nn_info info[4]) {
    const int32_t *kernel = info[1].shape;
    int32_t multiplier = nn_option_int(build, DEPTHWISE_MULTIPLIER, 0);
    if (info[0].rank != 4 || info[1].rank != 4 || info[3].rank != 4 || kernel[0] != 1 ||
        kernel[3] != info[3].shape[3] || (int64_t)info[0].shape[3] * multiplier != kernel[3]) {
        return nn_refuse(build, NN_WHY_DEPTH_MULTIPLIER_NOT_FIT_CHANNELS);
    }
    layer->run = 1;
    layer->sharing = multiplier;
    layer->channel_distance = 1;
    layer->tap_distance = kernel[3];
    return nn_read_window(build, &depthwise_fields, &info[0], &info[3], kernel[1], kernel[2], &layer->window);
}

static bool read_fully_connected(nn_build *build, nn_wide *layer, const nn_info info[4]) {
    const int32_t *matrix = info[1].shape;
    const nn_info *output = &info[3];
    if (nn_option_byte(build, FULLY_CONNECTED_WEIGHTS_FORMAT, 0)) {
        return nn_refuse(build, NN_WHY_SHUFFLED_WEIGHTS);
    }
    if (info[1].rank != 2 || info[0].count % (uint32_t)matrix[1] != 0 || output->rank == 0 ||
        output->shape[output->rank - 1] != matrix[0] ||
        info[0].count / (uint32_t)matrix[1] != output->count / (uint32_t)matrix[0]) {
        return nn_refuse(build, NN_WHY_WEIGHTS_NOT_FIT_INPUT_OUTPUT);
    }
    const nn_window one_pixel = {.in_h = 1,
                                 .in_w = 1,
                                 .in_c = matrix[1],
                                 .out_h = 1,
                                 .out_w = 1,
                                 .out_c = matrix[0],
                                 .batches = (int32_t)(output->count / (uint32_t)matrix[0]),
                                 .kernel_h = 1,
                                 .kernel_w = 1,
                                 .stride_h = 1,
                                 .stride_w = 1,
                                 .dilation_h = 1,
                                 .dilation_w = 1};
    layer->window = one_pixel;
    layer->run = layer->channel_distance = matrix[1];
    layer->sharing = matrix[0];
    return true;
}

static bool read_geometry(nn_build *build, nn_wide *layer, const nn_info info[4], uint8_t *activation) {
    switch (build->node->kind->builtin) {
    case BUILTIN_CONV_2D:
        *activation = CONV_ACTIVATION;
        return read_conv(build, layer, info);
    case BUILTIN_DEPTHWISE_CONV_2D:
        *activation = DEPTHWISE_ACTIVATION;
        return read_depthwise(build, layer, info);
    default:
        *activation = FULLY_CONNECTED_ACTIVATION;
        return read_fully_connected(build, layer, info);
    }
}

static bool check_types(nn_build *build, uint8_t type, uint8_t weight_type, const nn_info info[4]) {
    if (info[0].type != type || info[3].type != type) {
        return nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_TYPES);
    }
    if (info[0].constant != NULL) {
        return nn_refuse(build, NN_WHY_INPUT_CONSTANT);
    }
    if (info[1].constant == NULL || info[1].type != weight_type) {
        return nn_refuse(build, NN_WHY_WEIGHTS_NOT_CONSTANT_ANOTHER_TYPE);
    }
    return info[2].count == 0 || info[2].constant != NULL || nn_refuse(build, NN_WHY_BIAS_NOT_CONSTANT);
}

// A convolution of int16 gathers the inputs of a pixel, which all of its outputs share. Not one of float32: what lies
// outside the image would count as zeros there, and zero times infinity is not nothing.
static void take_memory(nn_build *build, nn_wide *layer) {
    const nn_window *w = &layer->window;
    bool dense = layer->tap_distance == layer->run && layer->run == w->in_c;
    if (dense && layer->input_bytes == 2 && w->kernel_h * w->kernel_w > 1) {
        layer->column = (uint32_t)(w->kernel_h * w->kernel_w * layer->run);
        build->node->scratch_bytes = layer->column * layer->input_bytes;
    }
    uint32_t forward = nn_window_forward(w, layer->column ? 0 : 1);
    nn_overlap(build, forward == NN_NEVER ? forward : forward * layer->input_bytes, NN_NEVER);
}

bool nn_read_wide(nn_build *build, uint8_t type, uint8_t weight_type, nn_wide *layer, nn_info info[4],
                  uint8_t *activation) {
    memset(layer, 0, sizeof *layer);
    if (!nn_read_input(build, 0, &info[0]) || !nn_read_input(build, 1, &info[1]) ||
        !nn_read_optional(build, 2, &info[2]) || !nn_read_output(build, &info[3]) ||
        !check_types(build, type, weight_type, info) || !read_geometry(build, layer, info, activation)) {
        return false;
    }
    if (info[2].count != 0 && info[2].count != (uint32_t)layer->window.out_c) {
        return nn_refuse(build, NN_WHY_BIAS_NOT_ONE_VALUE_CHANNEL);
    }
    layer->weights = info[1].constant;
    layer->bias = info[2].constant;
    layer->input_bytes = (uint8_t)nn_element_bytes(type);
    layer->weight_bytes = (uint8_t)nn_element_bytes(weight_type);
    layer->pixels_per_step = nn_items_per_step(info[1].count);
    take_memory(build, layer);
    return true;
}

// One axis: the first tap of the kernel that lies inside the image, and how many do.
static int32_t inside(int32_t origin, int32_t size, int32_t kernel, int32_t dilation, int32_t *count) {
    int32_t first = origin < 0 ? (-origin + dilation - 1) / dilation : 0;
    int32_t end = size > origin ? (size - origin + dilation - 1) / dilation : 0;
    end = end < kernel ? end : kernel;
    *count = end > first ? end - first : 0;
    return first;
}

// The taps at one output pixel; moves `input` and `weights` to the first. Neighbours that lie side by side become one
// run.
static nn_taps taps_at(const nn_wide *layer, const nn_pixel *pixel, const uint8_t **input, const uint8_t **weights) {
    const nn_window *w = &layer->window;
    nn_taps taps = {.run = layer->run};
    int32_t y = pixel->y * w->stride_h - w->pad_h, x = pixel->x * w->stride_w - w->pad_w;
    int32_t top = inside(y, w->in_h, w->kernel_h, w->dilation_h, &taps.rows);
    int32_t left = inside(x, w->in_w, w->kernel_w, w->dilation_w, &taps.columns);
    taps.input_row = w->dilation_h * w->in_w * w->in_c;
    taps.input_column = w->dilation_w * w->in_c;
    taps.weight_row = w->kernel_w * layer->tap_distance;
    taps.weight_column = layer->tap_distance;
    if (taps.rows != 0 && taps.columns != 0) {
        int32_t first = ((pixel->batch * w->in_h + y + top * w->dilation_h) * w->in_w + x + left * w->dilation_w);
        *input += (size_t)(first * w->in_c) * layer->input_bytes;
        *weights += (size_t)((top * w->kernel_w + left) * layer->tap_distance) * layer->weight_bytes;
    }
    if (layer->tap_distance == layer->run && layer->run == w->in_c && w->dilation_w == 1) {
        taps.run *= taps.columns;
        taps.columns = taps.run ? 1 : 0;
    }
    return taps;
}

// Copies the inputs under the kernel to where the weights of a channel have their place; zeros for what is outside.
static void gather(const nn_wide *layer, const nn_taps *taps, const uint8_t *input, size_t first, uint8_t *column) {
    memset(column, 0, layer->column * layer->input_bytes);
    column += first * layer->input_bytes;
    for (int32_t row = 0; row < taps->rows; row++) {
        for (int32_t k = 0; k < taps->columns; k++) {
            memcpy(column + k * taps->weight_column * layer->input_bytes,
                   input + k * taps->input_column * layer->input_bytes, (size_t)taps->run * layer->input_bytes);
        }
        input += taps->input_row * layer->input_bytes;
        column += taps->weight_row * layer->input_bytes;
    }
}

static void one_pixel(const nn_wide *layer, const nn_pixel *pixel, const uint8_t *input, uint8_t *column,
                      nn_wide_output output, uint8_t *out) {
    const uint8_t *weights = layer->weights;
    nn_taps taps = taps_at(layer, pixel, &input, &weights);
    int32_t left = layer->sharing;
    if (layer->column) {
        gather(layer, &taps, input, (size_t)(weights - layer->weights), column);
        const nn_taps whole = {.rows = 1, .columns = 1, .run = (int32_t)layer->column};
        taps = whole;
        input = column;
        weights = layer->weights;
    }
    for (int32_t c = 0; c < layer->window.out_c; c++) {
        output(layer, &taps, input, weights, (uint32_t)c, out);
        out += layer->input_bytes;
        weights += (size_t)layer->channel_distance * layer->weight_bytes;
        if (--left == 0) {
            left = layer->sharing;
            input += (size_t)layer->run * layer->input_bytes;
        }
    }
}

bool nn_run_wide(nn_model *model, const nn_node *node, nn_wide_output output) {
    const nn_wide *layer = node->params;
    const uint8_t *input = nn_data(model, node->input);
    uint8_t *out = nn_data(model, node->output);
    uint32_t pixels = nn_window_pixels(&layer->window);
    nn_pixel pixel = {0, 0, 0};
    for (uint32_t i = 0; i < pixels; i++) {
        if (!nn_step_each(model, i, layer->pixels_per_step)) {
            return false;
        }
        one_pixel(layer, &pixel, input, model->activations + node->scratch, output, out);
        out += (size_t)layer->window.out_c * layer->input_bytes;
        nn_next_pixel(&layer->window, &pixel);
    }
    return true;
}
