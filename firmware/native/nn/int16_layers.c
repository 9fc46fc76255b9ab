// SPDX-License-Identifier: Apache-2.0
// CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of int16 activations and int8 weights. Zero points are 0. Sums have 64
// bits; with an int32 bias they have 32 and are scaled as those of int8.
#include "dot.h"
#include "registry.h"
#include "scale.h"
#include "schema.h"
#include "wide.h"

#define MOST_BIAS (1ll << 46) // products sum up to less than 2^46: the whole stays below 2^47, which scaling accepts

typedef struct {
    nn_wide wide;
    const nn_scale *scales; // one, or one for each output channel
    bool by_channel, narrow;
    int32_t low, high;
} layer16;

static bool check(nn_build *build, const nn_info info[4], uint32_t rows) {
    int32_t axis = build->node->kind->builtin == BUILTIN_DEPTHWISE_CONV_2D ? 3 : 0;
    const nn_info *weights = &info[1];
    if (!nn_need_int16(build, &info[0]) || !nn_need_int16(build, &info[3])) {
        return false;
    }
    if (weights->scales.count == 0 || weights->zero_point != 0) {
        return nn_refuse(build, NN_WHY_WEIGHTS_WITHOUT_SCALE_ZERO_POINT);
    }
    if (weights->scales.count > 1 && (weights->channel_axis != axis || weights->scales.count != rows)) {
        return nn_refuse(build, NN_WHY_WEIGHTS_QUANTISED_ALONG_ANOTHER_AXIS);
    }
    bool narrow = info[2].type == NN_INT32 && build->node->kind->builtin != BUILTIN_DEPTHWISE_CONV_2D;
    return info[2].count == 0 || info[2].type == NN_INT64 || narrow ||
           nn_refuse(build, NN_WHY_BIAS_NOT_INT64); // the reference reads an int32 one where it can
}

static bool fill_scales(nn_build *build, const layer16 *params, nn_scale *scales, const nn_info info[4]) {
    const uint8_t *own = build->model->file.data + info[1].scales.at;
    int32_t most = params->narrow ? NN_SHIFT_MAX : NN_WIDE_SHIFT_MAX;
    for (uint32_t c = 0; c < info[1].scales.count; c++) {
        if (!nn_read_scale(build, info[0].scale, nn_load_f32(own + 4 * c), info[3].scale, &scales[c])) {
            return false;
        }
        if (scales[c].shift > most) {
            return nn_refuse(build, NN_WHY_RATIO_SCALES_TOO_LARGE);
        }
    }
    return true;
}

// Whether no sum of the layer leaves its accumulator.
static bool check_sums(nn_build *build, const layer16 *params) {
    const nn_wide *wide = &params->wide;
    uint32_t depth = (uint32_t)(wide->window.kernel_h * wide->window.kernel_w * wide->run);
    uint32_t step = wide->channel_distance == 1 ? (uint32_t)wide->tap_distance : 1;
    for (uint32_t c = 0; c < (uint32_t)wide->window.out_c; c++) {
        int64_t bias = 0, magnitude = 0;
        if (wide->bias != NULL) {
            bias = params->narrow ? nn_load_i32(wide->bias + 4 * c) : nn_load_i64(wide->bias + 8 * c);
        }
        const int8_t *weight = (const int8_t *)wide->weights + c * (uint32_t)wide->channel_distance;
        for (uint32_t k = 0; params->narrow && k < depth; k++, weight += step) {
            magnitude += *weight < 0 ? -*weight : *weight;
        }
        int64_t most = params->narrow ? INT32_MAX - magnitude * 32768 : MOST_BIAS;
        if (most < 0 || bias > most || bias < -most) {
            return nn_refuse(build, NN_WHY_SUMS_COULD_OVERFLOW);
        }
    }
    return true;
}

static bool prepare(nn_build *build) {
    nn_info info[4]; // input, weights, bias, output
    nn_wide wide;
    uint8_t activation;
    if (!nn_read_wide(build, NN_INT16, NN_INT8, &wide, info, &activation) ||
        !check(build, info, (uint32_t)wide.window.out_c)) {
        return false;
    }
    layer16 *params = nn_take_params(build, sizeof *params + info[1].scales.count * sizeof(nn_scale));
    if (params == NULL) {
        return nn_measuring(build);
    }
    params->wide = wide;
    params->scales = (const nn_scale *)(params + 1);
    params->by_channel = info[1].scales.count > 1;
    params->narrow = info[2].count != 0 && info[2].type == NN_INT32;
    return nn_read_activation(build, activation, &info[3], &params->low, &params->high) &&
           fill_scales(build, params, (nn_scale *)(params + 1), info) && check_sums(build, params);
}

// At most NN_DOT_INT16_MOST products. A function of its own so that its loop has all registers.
__attribute__((noinline)) static int32_t dot(const int16_t *inputs, const int8_t *weights, uint32_t count) {
    return nn_dot_int16(inputs, weights, count);
}

static int64_t sum_products(const nn_taps *taps, const int16_t *input, const int8_t *weights) {
    int64_t sum = 0;
    for (int32_t row = 0; row < taps->rows; row++, input += taps->input_row, weights += taps->weight_row) {
        const int16_t *x = input;
        const int8_t *w = weights;
        for (int32_t column = 0; column < taps->columns; column++) {
            for (uint32_t at = 0, count; at < (uint32_t)taps->run; at += count) {
                uint32_t left = (uint32_t)taps->run - at;
                count = left < NN_DOT_INT16_MOST ? left : NN_DOT_INT16_MOST;
                sum += dot(x + at, w + at, count);
            }
            x += taps->input_column;
            w += taps->weight_column;
        }
    }
    return sum;
}

static void output_of(const nn_wide *wide, const nn_taps *taps, const uint8_t *input, const uint8_t *weights,
                      uint32_t channel, uint8_t *out) {
    const layer16 *params = (const layer16 *)(const void *)wide; // its first member
    const nn_scale scale = params->scales[params->by_channel ? channel : 0];
    int64_t sum = sum_products(taps, (const int16_t *)(const void *)input, (const int8_t *)weights);
    int32_t value;
    if (params->narrow) {
        sum += wide->bias ? nn_load_i32(wide->bias + 4 * channel) : 0;
        value = nn_rescale((int32_t)sum, scale);
    } else {
        sum += wide->bias ? nn_load_i64(wide->bias + 8 * channel) : 0;
        value = nn_rescale_wide(sum, scale);
    }
    *(int16_t *)(void *)out = (int16_t)nn_clamp(value, params->low, params->high);
}

static bool run(nn_model *model, const nn_node *node) {
    return nn_run_wide(model, node, output_of);
}

const nn_operator nn_conv_int16 = {BUILTIN_CONV_2D, OPTIONS_CONV_2D, 2, 3, NN_NAME("CONV_2D"), prepare, run};
const nn_operator nn_depthwise_conv_int16 = {
    BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, 2, 3, NN_NAME("DEPTHWISE_CONV_2D"), prepare, run};
const nn_operator nn_fully_connected_int16 = {
    BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 2, 3, NN_NAME("FULLY_CONNECTED"), prepare, run};
