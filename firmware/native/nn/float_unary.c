// SPDX-License-Identifier: Apache-2.0
// RELU, RELU6, LOGISTIC, SOFTMAX and QUANTIZE of float32.
#include "small.h" // first, for the functions in the others

#include "float32.h"
#include "registry.h"
#include "schema.h"
#include "softmax.h"
#include <float.h>

typedef struct {
    uint32_t count; // elements; SOFTMAX: of one row
    uint32_t rows;
    float scale; // QUANTIZE: of the output; SOFTMAX: beta
    int32_t zero;
    uint8_t type; // of the output
} unary;

static bool check_quantisation(nn_build *build, const nn_info *output) {
    return nn_need_quantised(build, output) && (output->type == NN_INT8 || output->type == NN_INT16 ||
                                                nn_refuse(build, NN_WHY_OUTPUT_NEITHER_INT8_NOR_INT16));
}

static bool read(nn_build *build, nn_info *input, nn_info *output, unary *own) {
    int32_t builtin = build->node->kind->builtin;
    bool rows = builtin == BUILTIN_SOFTMAX;
    if (rows ? !nn_read_softmax(build, input, output, &own->scale) : !nn_read_alike(build, input, output)) {
        return false;
    }
    own->count = rows ? (uint32_t)input->shape[input->rank - 1] : input->count;
    own->rows = input->count / own->count;
    if (builtin == BUILTIN_QUANTIZE) {
        own->scale = output->scale;
        own->zero = output->zero_point;
        return check_quantisation(build, output);
    }
    return nn_need_float(build, input, output);
}

static bool prepare(nn_build *build) {
    nn_info input, output;
    unary own = {0};
    if (!read(build, &input, &output, &own)) {
        return false;
    }
    own.type = output.type;
    return nn_keep(build, &own, sizeof own);
}

static float logistic(float x) {
    if (x > 16.619047164916992188f) { // where the reference stops computing
        return 1;
    }
    return x < -9.0f ? nn_exp(x) : 1.0f / (1.0f + nn_exp(-x));
}

// Half away from zero. Where the reference's conversion to int32 is undefined this one saturates; NaN gives 0.
static int32_t round_saturated(float x) {
    const float limit = 1 << 24; // beyond any output, and without fractions from here on
    if (!(x > -limit && x < limit)) {
        return x >= limit ? 1 << 24 : x <= -limit ? -(1 << 24) : 0;
    }
    int32_t whole = (int32_t)x;
    float rest = x - (float)whole;
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

static void quantise(const unary *params, float x, uint32_t at, uint8_t *out) {
    int32_t value = round_saturated(x / params->scale) + params->zero;
    if (params->type == NN_INT8) {
        ((int8_t *)out)[at] = (int8_t)nn_clamp(value, INT8_MIN, INT8_MAX);
    } else {
        ((int16_t *)(void *)out)[at] = (int16_t)nn_clamp(value, INT16_MIN, INT16_MAX);
    }
}

static void one_element(const unary *params, int32_t builtin, float x, uint32_t at, uint8_t *out) {
    float *to = (float *)(void *)out + at;
    switch (builtin) {
    case BUILTIN_RELU:
        *to = x < 0 ? 0 : x;
        break;
    case BUILTIN_RELU6:
        *to = x > 6.0f ? 6.0f : x < 0 ? 0 : x;
        break;
    case BUILTIN_LOGISTIC:
        *to = logistic(x);
        break;
    default:
        quantise(params, x, at, out);
        break;
    }
}

static bool run(nn_model *model, const nn_node *node) {
    const unary *params = node->params;
    const uint8_t *input = nn_data(model, node->input);
    uint8_t *out = nn_data(model, node->output);
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        one_element(params, node->kind->builtin, nn_load_f32(input + 4 * i), i, out);
    }
    return true;
}

static void one_row(const unary *params, const uint8_t *row, float *out) {
    float largest = -FLT_MAX, sum = 0;
    for (uint32_t i = 0; i < params->count; i++) {
        float x = nn_load_f32(row + 4 * i);
        largest = largest < x ? x : largest;
    }
    for (uint32_t i = 0; i < params->count; i++) {
        out[i] = nn_exp((nn_load_f32(row + 4 * i) - largest) * params->scale);
        sum += out[i];
    }
    for (uint32_t i = 0; i < params->count; i++) {
        out[i] /= sum;
    }
}

static bool run_softmax(nn_model *model, const nn_node *node) {
    const unary *params = node->params;
    const uint8_t *input = nn_data(model, node->input);
    float *out = (float *)(void *)nn_data(model, node->output);
    for (uint32_t i = 0; i < params->rows; i++) {
        if (!nn_step(model)) {
            return false;
        }
        one_row(params, input, out);
        input += 4 * params->count;
        out += params->count;
    }
    return true;
}

const nn_operator nn_relu_float = {BUILTIN_RELU, OPTIONS_NONE, 1, 1, NN_NAME("RELU"), prepare, run};
const nn_operator nn_relu6_float = {BUILTIN_RELU6, OPTIONS_NONE, 1, 1, NN_NAME("RELU6"), prepare, run};
const nn_operator nn_logistic_float = {BUILTIN_LOGISTIC, OPTIONS_NONE, 1, 1, NN_NAME("LOGISTIC"), prepare, run};
const nn_operator nn_quantize_float = {BUILTIN_QUANTIZE, OPTIONS_QUANTIZE, 1, 1, NN_NAME("QUANTIZE"), prepare, run};
const nn_operator nn_softmax_float = {BUILTIN_SOFTMAX, OPTIONS_SOFTMAX, 1, 1, NN_NAME("SOFTMAX"), prepare, run_softmax};
