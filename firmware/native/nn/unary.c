// SPDX-License-Identifier: Apache-2.0
// Operators that map each int8 element for itself: RELU, RELU6, RELU_N1_TO_1, LEAKY_RELU, HARD_SWISH, LOGISTIC, TANH.
// Larger tensors go through a table of all 256 results.
#include "small.h" // first, for the functions in the others

#include "exponential.h"
#include "moves.h"
#include "registry.h"
#include "scale.h"
#include "schema.h"

#define VALUES       256
#define INTEGER_BITS 4 // of the input of LOGISTIC and TANH
#define MOST_DIVISOR 15

typedef struct {
    nn_scale scale;  // HARD_SWISH: both multipliers have 15 bits
    nn_scale second; // of negative inputs (LEAKY_RELU), to a fraction of 3 (HARD_SWISH)
    int32_t radius;  // of inputs that do not saturate (LOGISTIC, TANH)
    int32_t input_zero, output_zero;
    int32_t low, high;
    uint32_t count;
} unary;

static bool read_relu(nn_build *build, const nn_info *input, const nn_info *output, unary *params) {
    int32_t builtin = build->node->kind->builtin;
    uint8_t kind = builtin == BUILTIN_RELU    ? ACTIVATION_RELU
                   : builtin == BUILTIN_RELU6 ? ACTIVATION_RELU6
                                              : ACTIVATION_RELU_N1_TO_1;
    if (kind != ACTIVATION_RELU && !nn_need_same_kind(build, input, output)) {
        return false;
    }
    return nn_read_scale(build, input->scale, 1.0f, output->scale, &params->scale) &&
           nn_activation_range(build, kind, output, &params->low, &params->high);
}

static bool read_leaky(nn_build *build, const nn_info *input, const nn_info *output, unary *params) {
    const float alpha = nn_option_float(build, LEAKY_RELU_ALPHA);
    if (alpha != 0 && !nn_scale_valid(alpha)) {
        return nn_refuse(build, NN_WHY_SLOPE_NEITHER_ZERO_NOR_POSITIVE_NUMBER);
    }
    return (alpha == 0 || nn_read_scale(build, input->scale, alpha, output->scale, &params->second)) &&
           nn_read_scale(build, input->scale, 1.0f, output->scale, &params->scale);
}

// As fixed point with a multiplier of 15 bits.
__attribute__((noinline)) static bool read_half(nn_build *build, float ratio, nn_scale *scale) {
    if (!nn_scale_valid(ratio)) {
        return nn_refuse(build, NN_WHY_RATIO_OF_SCALES_OUT_OF_RANGE);
    }
    nn_scale_ratio(ratio, 1.0f, 1.0f, scale);
    const int32_t whole = scale->multiplier;
    scale->multiplier = whole >= INT32_MAX - (1 << 15) ? INT16_MAX : (whole + (1 << 15)) >> 16;
    return scale->shift >= -MOST_DIVISOR || nn_refuse(build, NN_WHY_RATIO_OF_SCALES_OUT_OF_RANGE);
}

// The reference computes these ratios in single precision.
static bool read_hard_swish(nn_build *build, const nn_info *input, const nn_info *output, unary *params) {
    const float fine = input->scale / 128;
    return read_half(build, fine / output->scale, &params->scale) &&
           read_half(build, fine / (3.0f / 32768.0f), &params->second) &&
           (params->scale.shift <= 0 || nn_refuse(build, NN_WHY_RATIO_OF_SCALES_OUT_OF_RANGE));
}

static bool read_curve(nn_build *build, const nn_info *input, const nn_info *output, unary *params) {
    bool logistic = build->node->kind->builtin == BUILTIN_LOGISTIC;
    if (output->zero_point != (logistic ? INT8_MIN : 0)) {
        return nn_refuse(build, NN_WHY_OUTPUT_WITH_ANOTHER_ZERO_POINT);
    }
    nn_scale_ratio(input->scale, 1.0f, 1.0f, &params->scale);
    params->scale.shift += 31 - INTEGER_BITS;
    int32_t limit = ((1 << INTEGER_BITS) - 1) << (31 - INTEGER_BITS);
    int shift = params->scale.shift;
    params->radius = shift < 0 ? VALUES : shift > 30 ? 0 : limit >> shift;
    return true;
}

static bool read_options(nn_build *build, const nn_info *input, const nn_info *output, unary *params) {
    switch (build->node->kind->builtin) {
    case BUILTIN_LEAKY_RELU:
        return read_leaky(build, input, output, params);
    case BUILTIN_HARD_SWISH:
        return read_hard_swish(build, input, output, params);
    case BUILTIN_LOGISTIC:
    case BUILTIN_TANH:
        return read_curve(build, input, output, params);
    default:
        return read_relu(build, input, output, params);
    }
}

static bool prepare(nn_build *build) {
    nn_info input, output;
    unary own = {.low = INT8_MIN, .high = INT8_MAX};
    if (!nn_read_alike(build, &input, &output) || !nn_both_int8(build, &input, &output) ||
        !read_options(build, &input, &output, &own)) {
        return false;
    }
    build->node->scratch_bytes = output.count > VALUES ? VALUES : 0;
    own.input_zero = input.zero_point;
    own.output_zero = output.zero_point;
    own.count = output.count;
    return nn_keep(build, &own, sizeof own);
}

static int32_t rectify(const unary *params, int32_t value) {
    return nn_rescale(value, params->scale);
}

static int32_t leak(const unary *params, int32_t value) {
    return nn_rescale(value, value < 0 ? params->second : params->scale);
}

static int32_t high_mul_16(int32_t a, int32_t b) {
    return (a * b + (1 << 14)) >> 15;
}

static int32_t shift_left_16(int32_t value, int shift) {
    return nn_clamp(shift > 15 ? value * (1 << 15) : value * (1 << shift), INT16_MIN, INT16_MAX);
}

// The input as a fraction of 3 in Q0.15, then from [-1, 1] to [0, 1]; saturating where it must.
static int32_t gate(const unary *params, int32_t value) {
    int shift = params->second.shift;
    value = high_mul_16(shift > 0 ? shift_left_16(value, shift - 1) : value, params->second.multiplier);
    value = shift > 0 ? shift_left_16(value, 1) : nn_round_shift(value, -shift);
    return (value + (1 << 15)) >> 1;
}

static int32_t hard_swish(const unary *params, int32_t value) {
    int32_t fine = value * (1 << 7);
    int32_t product = gate(params, fine) * high_mul_16(fine, params->scale.multiplier) / (1 << 15); // toward zero
    return nn_round_shift(product, -params->scale.shift);
}

static int32_t magnitude(int32_t value) {
    return value < 0 ? -value : value;
}

static int32_t logistic(const unary *params, int32_t value) {
    if (magnitude(value) >= params->radius) {
        return value <= -params->radius ? 0 : 255;
    }
    int32_t x = nn_rescale(value, params->scale);
    int32_t positive = x == 0 ? 1 << 30 : nn_one_over_one_plus(nn_exponential(-magnitude(x), INTEGER_BITS));
    return nn_round_shift(x < 0 ? INT32_MAX - positive : positive, 23);
}

static int32_t hyperbolic_tangent(const unary *params, int32_t value) {
    if (magnitude(value) >= params->radius) {
        return value <= -params->radius ? INT8_MIN : INT8_MAX;
    }
    int32_t x = nn_rescale(value, params->scale);
    // exp(-2 x): the same bits with one integer bit more.
    int32_t positive = x == 0 ? 0 : nn_one_minus_over_one_plus(nn_exponential(-magnitude(x), INTEGER_BITS + 1));
    return nn_round_shift(x < 0 ? -positive : positive, 24);
}

static int8_t result(const unary *params, int32_t (*map)(const unary *, int32_t), int32_t value) {
    return (int8_t)nn_clamp(map(params, value - params->input_zero) + params->output_zero, params->low, params->high);
}

static bool run(nn_model *model, const nn_node *node, int32_t (*map)(const unary *, int32_t)) {
    const unary *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, node->input);
    int8_t *out = (int8_t *)nn_data(model, node->output);
    int8_t *table = (int8_t *)model->activations + node->scratch;
    const uint32_t count = params->count; // a store to `out` could change what a pointer reaches
    bool direct = count <= VALUES;
    for (int32_t i = INT8_MIN; !direct && i <= INT8_MAX; i++) {
        table[(uint8_t)i] = result(params, map, i);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        out[i] = direct ? result(params, map, input[i]) : table[(uint8_t)input[i]];
    }
    return true;
}

static bool run_relu(nn_model *model, const nn_node *node) {
    return run(model, node, rectify);
}

static bool run_leaky_relu(nn_model *model, const nn_node *node) {
    return run(model, node, leak);
}

static bool run_hard_swish(nn_model *model, const nn_node *node) {
    return run(model, node, hard_swish);
}

static bool run_logistic(nn_model *model, const nn_node *node) {
    return run(model, node, logistic);
}

static bool run_tanh(nn_model *model, const nn_node *node) {
    return run(model, node, hyperbolic_tangent);
}

const nn_operator nn_relu = {BUILTIN_RELU, OPTIONS_NONE, 1, 1, NN_NAME("RELU"), prepare, run_relu};
const nn_operator nn_relu6 = {BUILTIN_RELU6, OPTIONS_NONE, 1, 1, NN_NAME("RELU6"), prepare, run_relu};
const nn_operator nn_relu_n1_to_1 = {BUILTIN_RELU_N1_TO_1,    OPTIONS_NONE, 1,       1,
                                     NN_NAME("RELU_N1_TO_1"), prepare,      run_relu};
const nn_operator nn_leaky_relu = {BUILTIN_LEAKY_RELU, OPTIONS_LEAKY_RELU, 1, 1, NN_NAME("LEAKY_RELU"), prepare,
                                   run_leaky_relu};
const nn_operator nn_hard_swish = {BUILTIN_HARD_SWISH, OPTIONS_HARD_SWISH, 1, 1, NN_NAME("HARD_SWISH"), prepare,
                                   run_hard_swish};
const nn_operator nn_logistic = {BUILTIN_LOGISTIC, OPTIONS_NONE, 1, 1, NN_NAME("LOGISTIC"), prepare, run_logistic};
const nn_operator nn_tanh = {BUILTIN_TANH, OPTIONS_NONE, 1, 1, NN_NAME("TANH"), prepare, run_tanh};
