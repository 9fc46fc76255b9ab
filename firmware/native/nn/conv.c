// SPDX-License-Identifier: Apache-2.0
// CONV_2D: output pixels are columns of inputs times the weight matrix. A 1x1 kernel reads the image as it is, others
// gather their column first, two at a time.
#include "dense.h"
#include "registry.h"
#include "schema.h"
#include "window.h"

typedef struct {
    nn_window window;
    nn_dense dense;
    uint16_t input, output;
    int8_t zero_point; // of the input: what lies outside the image
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
    return weights->shape[3] == input->shape[3] || nn_unsupported(build, "grouped convolution");
}

static bool fill(nn_build *build, conv *params, const nn_info info[4], const nn_window *window) {
    nn_dense *dense = &params->dense;
    params->window = *window;
    params->input = info[0].index;
    params->output = info[3].index;
    params->zero_point = (int8_t)info[0].zero_point;
    params->direct = is_direct(window);
    dense->rows = (uint32_t)window->out_c;
    dense->depth = info[1].count / dense->rows;
    params->pixels_per_step = nn_items_per_step(info[1].count);
    const nn_weight_layout layout = {dense->depth, 1};
    return nn_read_activation(build, CONV_ACTIVATION, &info[3], &dense->low, &dense->high) &&
           nn_fill_dense(build, dense, params + 1, &info[0], &info[1], &info[2], &info[3], layout);
}

static bool prepare(nn_build *build) {
    nn_info info[4]; // input, weights, bias, output
    nn_window window;
    if (!nn_read_input(build, 0, &info[0]) || !nn_read_input(build, 1, &info[1]) ||
        !nn_read_optional(build, 2, &info[2]) || !nn_read_output(build, &info[3]) ||
        !check(build, &info[0], &info[1], &info[3]) ||
        !nn_check_weights(build, &info[1], &info[2], (uint32_t)info[3].shape[3], 0) ||
        !nn_read_window(build, &fields, &info[0], &info[3], info[1].shape[1], info[1].shape[2], &window)) {
        return false;
    }
    if (!is_direct(&window)) {
        build->node->scratch_bytes = 2 * (info[1].count / (uint32_t)window.out_c);
    }
    conv *params = nn_take(build, sizeof *params + nn_dense_bytes((uint32_t)window.out_c));
    if (params == NULL) {
        return nn_measuring(build);
    }
    build->node->params = params;
    return fill(build, params, info, &window);
}

// One kernel row that lies inside the image, with undilated columns: at most three copies.
static int8_t *gather_row(const conv *params, const int8_t *row, int32_t x, int8_t *to) {
    const nn_window *window = &params->window;
    int32_t channels = window->in_c;
    int32_t left = nn_clamp(-x, 0, window->kernel_w);
    int32_t right = nn_clamp(window->in_w - x, left, window->kernel_w);
    memset(to, params->zero_point, (size_t)(left * channels));
    memcpy(to + left * channels, row + (x + left) * channels, (size_t)((right - left) * channels));
    memset(to + right * channels, params->zero_point, (size_t)((window->kernel_w - right) * channels));
    return to + window->kernel_w * channels;
}

static int8_t *gather_dilated_row(const conv *params, const int8_t *row, int32_t x, int8_t *to) {
    const nn_window *window = &params->window;
    for (int32_t k = 0; k < window->kernel_w; k++, x += window->dilation_w, to += window->in_c) {
        if (x < 0 || x >= window->in_w) {
            memset(to, params->zero_point, (size_t)window->in_c);
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
            memset(to, params->zero_point, (size_t)(window->kernel_w * window->in_c));
            to += window->kernel_w * window->in_c;
        } else if (window->dilation_w == 1) {
            to = gather_row(params, image + y * row_bytes, x, to);
        } else {
            to = gather_dilated_row(params, image + y * row_bytes, x, to);
        }
    }
}

static void gathered_columns(const conv *params, const int8_t *input, nn_pixel *pixel, uint32_t count, int8_t *scratch,
                             int8_t *out) {
    const nn_dense *dense = &params->dense;
    while (count) {
        uint32_t pair = count >= 2 ? 2 : 1;
        for (uint32_t i = 0; i < pair; i++) {
            gather(params, nn_image(&params->window, input, pixel->batch), pixel, scratch + i * dense->depth);
            nn_next_pixel(&params->window, pixel);
        }
        nn_dense_run(dense, scratch, pair, out);
        out += pair * dense->rows;
        count -= pair;
    }
}

static bool run(nn_model *model, const nn_node *node) {
    const conv *params = node->params;
    const nn_dense *dense = &params->dense;
    const int8_t *input = (const int8_t *)nn_data(model, params->input);
    int8_t *out = (int8_t *)nn_data(model, params->output);
    int8_t *scratch = (int8_t *)model->activations + node->scratch;
    nn_pixel pixel = {0, 0, 0};
    for (uint32_t left = nn_window_pixels(&params->window); left > 0;) {
        uint32_t count = left < params->pixels_per_step ? left : params->pixels_per_step;
        if (!nn_step(model)) {
            return false;
        }
        if (params->direct) {
            nn_dense_run(dense, input, count, out);
            input += count * dense->depth;
        } else {
            gathered_columns(params, input, &pixel, count, scratch, out);
        }
        out += count * dense->rows;
        left -= count;
    }
    return true;
}

const nn_operator nn_conv = {BUILTIN_CONV_2D, OPTIONS_CONV_2D, 2, 3, "CONV_2D", prepare, run};
