// SPDX-License-Identifier: Apache-2.0
// AVERAGE_POOL_2D, MAX_POOL_2D and MEAN of float32, each sum in the order of the reference.
#include "small.h" // first, for the functions in the others

#include "axes.h"
#include "float32.h"
#include "registry.h"
#include "schema.h"
#include "window.h"
#include <float.h>

typedef struct {
    nn_window window;
    float low, high;
    uint32_t pixels_per_step;
} float_pool;

typedef struct {
    nn_axes kept, reduced;
    uint32_t outputs_per_step;
} float_mean;

static bool prepare_pool(nn_build *build) {
    nn_info input, output;
    float_pool own;
    if (!nn_read_pool(build, &input, &output, &own.window, &own.pixels_per_step) ||
        !nn_need_float(build, &input, &output) ||
        !nn_read_float_activation(build, POOL_ACTIVATION, &own.low, &own.high)) {
        return false;
    }
    uint32_t forward = nn_window_forward(&own.window, 1);
    nn_overlap(build, forward == NN_NEVER ? forward : forward * (uint32_t)sizeof(float), NN_NEVER);
    return nn_keep(build, &own, sizeof own);
}

// One output: the largest value under the window, or the mean of those inside the image.
static float reduce(const nn_window *window, const uint8_t *input, const nn_pixel *pixel, int32_t channel, bool mean) {
    int32_t y = pixel->y * window->stride_h - window->pad_h, x = pixel->x * window->stride_w - window->pad_w;
    int32_t top = y < 0 ? 0 : y, bottom = nn_clamp(y + window->kernel_h, top, window->in_h);
    int32_t left = x < 0 ? 0 : x, right = nn_clamp(x + window->kernel_w, left, window->in_w);
    float sum = 0, largest = -FLT_MAX;
    for (int32_t row = top; row < bottom; row++) {
        int32_t first = ((pixel->batch * window->in_h + row) * window->in_w + left) * window->in_c + channel;
        const uint8_t *from = input + 4 * (size_t)first;
        for (int32_t column = left; column < right; column++, from += 4 * window->in_c) {
            float value = nn_load_f32(from);
            sum += value;
            largest = largest < value ? value : largest;
        }
    }
    return mean ? sum / (float)((bottom - top) * (right - left)) : largest;
}

static bool run_pool(nn_model *model, const nn_node *node) {
    const float_pool *params = node->params;
    const nn_window *window = &params->window;
    const uint8_t *input = nn_data(model, node->input);
    float *out = (float *)(void *)nn_data(model, node->output);
    bool mean = node->kind->builtin == BUILTIN_AVERAGE_POOL_2D;
    uint32_t pixels = nn_window_pixels(window);
    nn_pixel pixel = {0, 0, 0};
    for (uint32_t i = 0; i < pixels; i++) {
        if (!nn_step_each(model, i, params->pixels_per_step)) {
            return false;
        }
        for (int32_t c = 0; c < window->out_c; c++) {
            *out++ = nn_clamp_float(reduce(window, input, &pixel, c, mean), params->low, params->high);
        }
        nn_next_pixel(window, &pixel);
    }
    return true;
}

static bool prepare_mean(nn_build *build) {
    nn_info input, output;
    float_mean own;
    if (!nn_read_input(build, 0, &input) || !nn_read_output(build, &output) || !nn_need_float(build, &input, &output) ||
        !nn_read_reduction(build, &input, &output, &own.kept, &own.reduced)) {
        return false;
    }
    own.outputs_per_step = nn_items_per_step(nn_axes_count(&own.reduced));
    return nn_keep(build, &own, sizeof own);
}

static bool run_mean(nn_model *model, const nn_node *node) {
    const float_mean *params = node->params;
    const uint8_t *input = nn_data(model, node->input);
    float *out = (float *)(void *)nn_data(model, node->output);
    uint32_t count = nn_axes_count(&params->reduced), outputs = nn_axes_count(&params->kept);
    nn_walk walk = {{0}, 0};
    for (uint32_t i = 0; i < outputs; i++) {
        if (!nn_step_each(model, i, params->outputs_per_step)) {
            return false;
        }
        float sum = 0;
        nn_walk inner = {{0}, 0};
        for (uint32_t k = 0; k < count; k++) {
            sum += nn_load_f32(input + 4 * (size_t)(walk.offset + inner.offset));
            nn_walk_on(&params->reduced, &inner);
        }
        out[i] = sum / (float)count;
        nn_walk_on(&params->kept, &walk);
    }
    return true;
}

const nn_operator nn_average_pool_float = {BUILTIN_AVERAGE_POOL_2D,    OPTIONS_POOL_2D, 1,       1,
                                           NN_NAME("AVERAGE_POOL_2D"), prepare_pool,    run_pool};
const nn_operator nn_max_pool_float = {BUILTIN_MAX_POOL_2D,    OPTIONS_POOL_2D, 1,       1,
                                       NN_NAME("MAX_POOL_2D"), prepare_pool,    run_pool};
const nn_operator nn_mean_float = {BUILTIN_MEAN, OPTIONS_REDUCER, 2, 2, NN_NAME("MEAN"), prepare_mean, run_mean};
