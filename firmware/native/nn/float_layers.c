// SPDX-License-Identifier: Apache-2.0
// CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED of float32, each sum in the order of the reference.
#include "float32.h"
#include "registry.h"
#include "schema.h"
#include "wide.h"

typedef struct {
    nn_wide wide;
    float low, high;
} float_layer;

static bool prepare(nn_build *build) {
    nn_info info[4]; // input, weights, bias, output
    float_layer layer;
    uint8_t activation;
    if (!nn_read_wide(build, NN_FLOAT32, NN_FLOAT32, &layer.wide, info, &activation) ||
        !nn_read_float_activation(build, activation, &layer.low, &layer.high)) {
        return false;
    }
    if (info[2].count != 0 && info[2].type != NN_FLOAT32) {
        return nn_refuse(build, NN_WHY_BIAS_NOT_FLOAT32);
    }
    return nn_keep(build, &layer, sizeof layer);
}

static float sum_products(const nn_taps *taps, const uint8_t *input, const uint8_t *weights) {
    float sum = 0;
    for (int32_t row = 0; row < taps->rows; row++) {
        const uint8_t *x = input, *w = weights;
        for (int32_t column = 0; column < taps->columns; column++) {
            for (int32_t k = 0; k < taps->run; k++) {
                sum += nn_load_f32(x + 4 * k) * nn_load_f32(w + 4 * k);
            }
            x += 4 * taps->input_column;
            w += 4 * taps->weight_column;
        }
        input += 4 * taps->input_row;
        weights += 4 * taps->weight_row;
    }
    return sum;
}

static void output_of(const nn_wide *wide, const nn_taps *taps, const uint8_t *input, const uint8_t *weights,
                      uint32_t channel, uint8_t *out) {
    const float_layer *layer = (const float_layer *)(const void *)wide; // its first member
    float bias = wide->bias ? nn_load_f32(wide->bias + 4 * channel) : 0;
    *(float *)(void *)out = nn_clamp_float(sum_products(taps, input, weights) + bias, layer->low, layer->high);
}

static bool run(nn_model *model, const nn_node *node) {
    return nn_run_wide(model, node, output_of);
}

const nn_operator nn_conv_float = {BUILTIN_CONV_2D, OPTIONS_CONV_2D, 2, 3, NN_NAME("CONV_2D"), prepare, run};
const nn_operator nn_depthwise_conv_float = {
    BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, 2, 3, NN_NAME("DEPTHWISE_CONV_2D"), prepare, run};
const nn_operator nn_fully_connected_float = {
    BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 2, 3, NN_NAME("FULLY_CONNECTED"), prepare, run};
