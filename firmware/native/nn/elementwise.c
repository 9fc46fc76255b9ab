// SPDX-License-Identifier: Apache-2.0
// ADD of int8 tensors of one shape, and QUANTIZE between integer types.
#include "registry.h"
#include "scale.h"
#include "schema.h"
#include "tensor.h"

#define ADD_LEFT_SHIFT 20 // headroom bits before the addition

typedef struct {
    nn_scale left_scale, right_scale, output_scale;
    int32_t left_zero, right_zero, output_zero;
    int32_t low, high;
    uint32_t count;
    uint16_t left, right, output;
} addition;

typedef struct {
    nn_scale scale;
    int32_t input_zero, output_zero;
    uint32_t count;
    uint16_t input, output;
    uint8_t input_type, output_type;
} requantisation;

static bool same_shape(const nn_info *a, const nn_info *b) {
    return a->rank == b->rank && memcmp(a->shape, b->shape, sizeof a->shape) == 0;
}

static bool read_addition(nn_build *build, nn_info *left, nn_info *right, nn_info *output) {
    if (!nn_read_input(build, 0, left) || !nn_read_input(build, 1, right) || !nn_read_output(build, output) ||
        !nn_need_int8(build, left) || !nn_need_int8(build, right) || !nn_need_int8(build, output)) {
        return false;
    }
    return (same_shape(left, right) && same_shape(left, output)) || nn_unsupported(build, "addition with broadcasting");
}

// The inputs at twice the larger scale, the sum back to the output's scale. The reference requires factors below 1.
static bool read_addition_scales(nn_build *build, const nn_info *left, const nn_info *right, const nn_info *output,
                                 addition *params) {
    float larger = left->scale > right->scale ? left->scale : right->scale;
    params->left_scale = nn_scale_ratio(left->scale, 0.5f, larger);
    params->right_scale = nn_scale_ratio(right->scale, 0.5f, larger);
    params->output_scale = nn_scale_ratio(larger, 2.0f / (1 << ADD_LEFT_SHIFT), output->scale);
    return params->output_scale.shift <= 0 || nn_malformed(build, "ratio of scales is too large");
}

static bool prepare_addition(nn_build *build) {
    nn_info left, right, output;
    addition scales;
    if (!read_addition(build, &left, &right, &output) ||
        !read_addition_scales(build, &left, &right, &output, &scales)) {
        return false;
    }
    addition *params = nn_take(build, sizeof *params);
    if (params == NULL) {
        return nn_measuring(build);
    }
    build->node->params = params;
    *params = scales;
    params->left = left.index;
    params->right = right.index;
    params->output = output.index;
    params->left_zero = left.zero_point;
    params->right_zero = right.zero_point;
    params->output_zero = output.zero_point;
    params->count = output.count;
    return nn_read_activation(build, ADD_ACTIVATION, &output, &params->low, &params->high);
}

static bool run_addition(nn_model *model, const nn_node *node) {
    const addition *params = node->params;
    const int8_t *left = (const int8_t *)nn_data(model, params->left);
    const int8_t *right = (const int8_t *)nn_data(model, params->right);
    int8_t *out = (int8_t *)nn_data(model, params->output);
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        int32_t a = nn_rescale((left[i] - params->left_zero) * (1 << ADD_LEFT_SHIFT), params->left_scale);
        int32_t b = nn_rescale((right[i] - params->right_zero) * (1 << ADD_LEFT_SHIFT), params->right_scale);
        out[i] =
            (int8_t)nn_clamp(nn_rescale(a + b, params->output_scale) + params->output_zero, params->low, params->high);
    }
    return true;
}

static bool is_integer(uint8_t type) {
    return type == NN_INT8 || type == NN_UINT8 || type == NN_INT16 || type == NN_INT32;
}

static bool prepare_requantisation(nn_build *build) {
    nn_info input, output;
    nn_scale scale;
    if (!nn_read_input(build, 0, &input) || !nn_read_output(build, &output) || !nn_need_quantised(build, &input) ||
        !nn_need_quantised(build, &output)) {
        return false;
    }
    if (!is_integer(input.type) || !is_integer(output.type)) {
        return nn_unsupported(build, "quantisation from or to float32");
    }
    if (!same_shape(&input, &output)) {
        return nn_malformed(build, "input and output have different shapes");
    }
    if (!nn_read_scale(build, input.scale, 1.0f, output.scale, &scale)) {
        return false;
    }
    requantisation *params = nn_take(build, sizeof *params);
    if (params == NULL) {
        return nn_measuring(build);
    }
    build->node->params = params;
    params->scale = scale;
    params->input = input.index;
    params->output = output.index;
    params->input_zero = input.zero_point;
    params->output_zero = output.zero_point;
    params->count = output.count;
    params->input_type = input.type;
    params->output_type = output.type;
    return true;
}

static int32_t load(const uint8_t *from, uint8_t type, uint32_t index) {
    int16_t half;
    switch (type) {
    case NN_INT8:
        return ((const int8_t *)from)[index];
    case NN_UINT8:
        return from[index];
    case NN_INT16:
        memcpy(&half, from + 2 * index, sizeof half);
        return half;
    default:
        return nn_load_i32(from + 4 * index);
    }
}

static void store(uint8_t *to, uint8_t type, uint32_t index, int64_t value) {
    if (type == NN_INT8) {
        ((int8_t *)to)[index] = (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
    } else if (type == NN_UINT8) {
        to[index] = (uint8_t)(value < 0 ? 0 : value > UINT8_MAX ? UINT8_MAX : value);
    } else if (type == NN_INT16) {
        ((int16_t *)(void *)to)[index] = (int16_t)(value < INT16_MIN   ? INT16_MIN
                                                   : value > INT16_MAX ? INT16_MAX
                                                                       : value);
    } else {
        ((int32_t *)(void *)to)[index] = (int32_t)(value < INT32_MIN   ? INT32_MIN
                                                   : value > INT32_MAX ? INT32_MAX
                                                                       : value);
    }
}

static bool run_requantisation(nn_model *model, const nn_node *node) {
    const requantisation *params = node->params;
    const uint8_t *input = nn_data(model, params->input);
    uint8_t *out = nn_data(model, params->output);
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        int32_t value = load(input, params->input_type, i) - params->input_zero;
        store(out, params->output_type, i, (int64_t)nn_rescale(value, params->scale) + params->output_zero);
    }
    return true;
}

const nn_operator nn_add = {BUILTIN_ADD, OPTIONS_ADD, 2, 2, "ADD", prepare_addition, run_addition};
const nn_operator nn_quantize = {BUILTIN_QUANTIZE,       OPTIONS_QUANTIZE,  1, 1, "QUANTIZE",
                                 prepare_requantisation, run_requantisation};
