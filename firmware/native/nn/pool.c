// SPDX-License-Identifier: Apache-2.0
// AVERAGE_POOL_2D and MAX_POOL_2D: over the taps inside the image, without rescaling.
#include "registry.h"
#include "schema.h"
#include "window.h"

typedef struct {
    nn_window window;
    int32_t low, high;
    uint32_t pixels_per_step;
} pool;

// The part of the image under the window at one output pixel.
typedef struct {
    const int8_t *first;
    int32_t rows, columns;
} patch;

static const nn_window_fields fields = {POOL_PADDING, POOL_STRIDE_H, POOL_STRIDE_W, 0, 0};

bool nn_read_pool(nn_build *build, nn_info *input, nn_info *output, nn_window *window, uint32_t *pixels_per_step) {
    int32_t height = nn_option_int(build, POOL_FILTER_H, 0);
    int32_t width = nn_option_int(build, POOL_FILTER_W, 0);
    if (!nn_read_input(build, 0, input) || !nn_read_output(build, output) ||
        !nn_read_window(build, &fields, input, output, height, width, window)) {
        return false;
    }
    height = height < window->in_h ? height : window->in_h;
    width = width < window->in_w ? width : window->in_w;
    *pixels_per_step = nn_items_per_step((uint32_t)(height * width) * (uint32_t)window->in_c);
    return window->in_c == window->out_c || nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_CHANNELS);
}

static bool prepare(nn_build *build) {
    nn_info input, output;
    pool own;
    if (!nn_read_pool(build, &input, &output, &own.window, &own.pixels_per_step) ||
        !nn_both_int8(build, &input, &output) ||
        !nn_read_activation(build, POOL_ACTIVATION, &output, &own.low, &own.high)) {
        return false;
    }
    nn_overlap(build, nn_window_forward(&own.window, 1), NN_NEVER);
    return nn_keep(build, &own, sizeof own);
}

static patch patch_at(const nn_window *window, const int8_t *image, const nn_pixel *pixel) {
    int32_t y = pixel->y * window->stride_h - window->pad_h;
    int32_t x = pixel->x * window->stride_w - window->pad_w;
    int32_t top = y < 0 ? 0 : y, left = x < 0 ? 0 : x;
    int32_t bottom = nn_clamp(y + window->kernel_h, 0, window->in_h);
    int32_t right = nn_clamp(x + window->kernel_w, 0, window->in_w);
    patch found = {image + (top * window->in_w + left) * window->in_c, bottom - top, right - left};
    return found;
}

// One output before it is clamped: the largest value under the window, or the mean of those inside the image.
static int32_t reduce(const nn_window *window, const patch *patch, int32_t channel, bool mean) {
    int32_t sum = 0, largest = INT8_MIN;
    const int32_t count = patch->rows * patch->columns, row_bytes = window->in_w * window->in_c, step = window->in_c;
    const int8_t *row = patch->first + channel;
    for (int32_t i = patch->rows; i > 0; i--, row += row_bytes) {
        const int8_t *from = row;
        for (int32_t j = patch->columns; j > 0; j--, from += step) {
            const int32_t value = *from;
            sum += value;
            largest = value > largest ? value : largest;
        }
    }
    return mean ? (sum > 0 ? sum + count / 2 : sum - count / 2) / count : largest; // toward zero, as the reference
}

static bool run(nn_model *model, const nn_node *node) {
    const pool *params = node->params;
    const nn_window *window = &params->window;
    const int8_t *input = (const int8_t *)nn_data(model, node->input);
    int8_t *out = (int8_t *)nn_data(model, node->output);
    const bool mean = node->kind->builtin == BUILTIN_AVERAGE_POOL_2D;
    nn_pixel pixel = {0, 0, 0};
    uint32_t pixels = nn_window_pixels(window);
    for (uint32_t i = 0; i < pixels; i++) {
        if (!nn_step_each(model, i, params->pixels_per_step)) {
            return false;
        }
        patch under = patch_at(window, nn_image(window, input, pixel.batch), &pixel);
        for (int32_t c = 0; c < window->out_c; c++) {
            *out++ = (int8_t)nn_clamp(reduce(window, &under, c, mean), params->low, params->high);
        }
        nn_next_pixel(window, &pixel);
    }
    return true;
}

const nn_operator nn_average_pool = {BUILTIN_AVERAGE_POOL_2D,    OPTIONS_POOL_2D, 1,  1,
                                     NN_NAME("AVERAGE_POOL_2D"), prepare,         run};
const nn_operator nn_max_pool = {BUILTIN_MAX_POOL_2D, OPTIONS_POOL_2D, 1, 1, NN_NAME("MAX_POOL_2D"), prepare, run};
