// SPDX-License-Identifier: Apache-2.0
// QUANTIZE between integer types, and DEQUANTIZE of 8 or 16 bits to float32.
#include "registry.h"
#include "scale.h"
#include "schema.h"
#include "tensor.h"

typedef struct {
    nn_scale scale;
    int32_t input_zero, output_zero;
    uint32_t count;
    uint8_t input_type, output_type;
} requantisation;

static bool is_integer(uint8_t type) {
    return type == NN_INT8 || type == NN_UINT8 || type == NN_INT16 || type == NN_INT32;
}

static bool prepare_requantisation(nn_build *build) {
    nn_info input, output;
    nn_scale scale;
    if (!nn_read_alike(build, &input, &output) || !nn_need_quantised(build, &input) ||
        !nn_need_quantised(build, &output)) {
        return false;
    }
    if (!is_integer(input.type) || !is_integer(output.type)) {
        return nn_refuse(build, NN_WHY_QUANTISATION_FLOAT32);
    }
    if (!nn_read_scale(build, input.scale, 1.0f, output.scale, &scale)) {
        return false;
    }
    requantisation *params = nn_take_params(build, sizeof *params);
    if (params == NULL) {
        return nn_measuring(build);
    }
    params->scale = scale;
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
    const uint8_t *input = nn_data(model, node->input);
    uint8_t *out = nn_data(model, node->output);
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        int32_t value = load(input, params->input_type, i) - params->input_zero;
        store(out, params->output_type, i, (int64_t)nn_rescale(value, params->scale) + params->output_zero);
    }
    return true;
}

typedef struct {
    float scale;
    int32_t zero;
    uint32_t count;
    uint8_t type;
} dequantisation;

static bool prepare_dequantisation(nn_build *build) {
    nn_info input, output;
    if (!nn_read_alike(build, &input, &output) || !nn_need_quantised(build, &input)) {
        return false;
    }
    if (input.type == NN_INT32 || !is_integer(input.type) || output.type != NN_FLOAT32) {
        return nn_refuse(build, NN_WHY_DEQUANTIZE_OF_OTHER_TYPES);
    }
    dequantisation *params = nn_take_params(build, sizeof *params);
    if (params == NULL) {
        return nn_measuring(build);
    }
    params->scale = input.scale;
    params->zero = input.zero_point;
    params->count = output.count;
    params->type = input.type;
    return true;
}

static bool run_dequantisation(nn_model *model, const nn_node *node) {
    const dequantisation *params = node->params;
    const uint8_t *input = nn_data(model, node->input);
    float *out = (float *)(void *)nn_data(model, node->output);
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        out[i] = params->scale * (float)(load(input, params->type, i) - params->zero);
    }
    return true;
}

const nn_operator nn_dequantize = {BUILTIN_DEQUANTIZE,     OPTIONS_DEQUANTIZE, 1, 1, "DEQUANTIZE",
                                   prepare_dequantisation, run_dequantisation};
const nn_operator nn_quantize = {BUILTIN_QUANTIZE,       OPTIONS_QUANTIZE,  1, 1, "QUANTIZE",
                                 prepare_requantisation, run_requantisation};
