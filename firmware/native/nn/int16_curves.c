// SPDX-License-Identifier: Apache-2.0
// LOGISTIC and TANH of int16. Zero points are 0 and the output's scale is 2^-15.
#include "small.h" // first, for the functions in the others

#include "int16_tables.h"
#include "registry.h"
#include "scale.h"
#include "schema.h"
#include "tensor.h"

typedef struct {
    int32_t multiplier, shift; // to units of 1 / (3 * 4096), at most 15 bits and 30
    uint32_t count;
    bool tanh;
} curve;

// The table at magnitude / 2^bits, with `bits` more bits.
static uint32_t interpolate(uint32_t magnitude, int bits) {
    uint32_t index = magnitude >> bits, rest = magnitude & ((1u << bits) - 1);
    uint32_t base = nn_sigmoid_table[index];
    return (base << bits) + rest * (nn_sigmoid_table[index + 1] - base);
}

int16_t nn_sigmoid_q15(int32_t x) {
    uint32_t magnitude = x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
    uint32_t value = magnitude >> 9 >= 255 ? 0x7FFFu << 10 : interpolate(magnitude, 9);
    value = x < 0 ? (1u << 25) - value + (1u << 9) - 1 : value + (1u << 9);
    return (int16_t)(value >> 10);
}

// 2 * sigmoid(2 * x) - 1.
int16_t nn_tanh_q15(int32_t x) {
    uint32_t magnitude = x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
    int32_t value = magnitude >> 8 >= 255 ? 0xFFFF << 8 : (int32_t)interpolate(magnitude, 8);
    value = x < 0 ? -value + (1 << 23) + (1 << 7) - 1 : value - (1 << 23) + (1 << 7);
    return (int16_t)(value >> 8);
}

// Whether log2(scale) is within 0.001 of the exponent as the reference computes it, in single precision: `below` and
// `above` are the distances it accepts, in units of the last place.
static bool near_power(float scale, int exponent, int32_t below, int32_t above) {
    int32_t bits;
    memcpy(&bits, &scale, sizeof bits);
    int32_t distance = bits - (127 + exponent) * (1 << 23);
    return distance >= -below && distance <= above;
}

// floor(scale * 3 * 4096 * 2^shift) for the least shift that makes it exceed 32767 / 2.
static bool read_multiplier(nn_build *build, float input_scale, curve *params) {
    nn_scale scale;
    nn_scale_ratio(input_scale, 3.0f, 1.0f, &scale); // exact
    bool doubled = scale.multiplier > 0x7FFF0000;
    params->shift = 3 - scale.shift - doubled;
    params->multiplier = scale.multiplier >> (16 + doubled);
    return (params->multiplier && params->shift >= 0 && params->shift <= 30) ||
           nn_refuse(build, NN_WHY_SCALE_TOO_LARGE_TOO_SMALL);
}

static bool read_curve(nn_build *build, const nn_info *input, const nn_info *output, curve *params) {
    if (!nn_need_int16(build, input) || !nn_need_int16(build, output)) {
        return false;
    }
    if (input->constant != NULL) {
        return nn_refuse(build, NN_WHY_INPUT_CONSTANT);
    }
    if (!near_power(output->scale, -15, 11628, 5817)) {
        return nn_refuse(build, NN_WHY_OUTPUT_SCALE_NOT_1_32768);
    }
    params->tanh = build->node->kind->builtin == BUILTIN_TANH;
    if (near_power(input->scale, -12, 11620, 5813)) {
        params->multiplier = 3;
        return true;
    }
    if (params->tanh && near_power(input->scale, -11, 11624, 5815)) {
        params->multiplier = 6;
        return true;
    }
    return read_multiplier(build, input->scale, params);
}

static bool prepare(nn_build *build) {
    nn_info input, output;
    curve own = {0};
    if (!nn_read_alike(build, &input, &output) || !read_curve(build, &input, &output, &own)) {
        return false;
    }
    own.count = output.count;
    return nn_keep(build, &own, sizeof own);
}

static bool run(nn_model *model, const nn_node *node) {
    const curve *params = node->params;
    const int16_t *input = (const int16_t *)(const void *)nn_data(model, node->input);
    int16_t *out = (int16_t *)(void *)nn_data(model, node->output);
    int32_t half = params->shift ? 1 << (params->shift - 1) : 0;
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        int32_t x = (input[i] * params->multiplier + half) >> params->shift;
        out[i] = params->tanh ? nn_tanh_q15(x) : nn_sigmoid_q15(x);
    }
    return true;
}

const nn_operator nn_logistic_int16 = {BUILTIN_LOGISTIC, OPTIONS_NONE, 1, 1, NN_NAME("LOGISTIC"), prepare, run};
const nn_operator nn_tanh_int16 = {BUILTIN_TANH, OPTIONS_NONE, 1, 1, NN_NAME("TANH"), prepare, run};
