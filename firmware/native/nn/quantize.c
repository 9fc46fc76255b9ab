// SPDX-License-Identifier: Apache-2.0
// QUANTIZE between integer types, and DEQUANTIZE of 8 or 16 bits to float32.
#include "registry.h"
#include "scale.h"
#include "schema.h"
#include "tensor.h"

typedef struct {
    nn_scale scale;
    float real; // DEQUANTIZE: the scale
    int32_t input_zero, output_zero;
    uint32_t count;
    uint8_t input_type, output_type;
} quantisation;

static bool is_integer(uint8_t type) {
    return type == NN_INT8 || type == NN_UINT8 || type == NN_INT16 || type == NN_INT32;
}

static bool check(nn_build *build, const nn_info *input, const nn_info *output, nn_scale *scale) {
    if (build->node->kind->builtin == BUILTIN_DEQUANTIZE) {
        return (input->type != NN_INT32 && is_integer(input->type) && output->type == NN_FLOAT32) ||
               nn_refuse(build, NN_WHY_DEQUANTIZE_OF_OTHER_TYPES);
    }
    if (!nn_need_quantised(build, output)) {
        return false;
    }
    if (!is_integer(input->type) || !is_integer(output->type)) {
        return nn_refuse(build, NN_WHY_QUANTISATION_FLOAT32);
    }
    return nn_read_scale(build, input->scale, 1.0f, output->scale, scale);
}

static bool prepare(nn_build *build) {
    nn_info input, output;
    nn_scale scale = {0, 0};
    if (!nn_read_alike(build, &input, &output) || !nn_need_quantised(build, &input) ||
        !check(build, &input, &output, &scale)) {
        return false;
    }
    quantisation *params = nn_take_params(build, sizeof *params);
    if (params == NULL) {
        return nn_measuring(build);
    }
    const quantisation own = {scale,        input.scale, input.zero_point, output.zero_point,
                              output.count, input.type,  output.type};
    *params = own;
    return true;
}

static int32_t load(const uint8_t *from, uint8_t type, uint32_t index) {
    switch (type) {
    case NN_INT8:
        return ((const int8_t *)from)[index];
    case NN_UINT8:
        return from[index];
    case NN_INT16:
        return nn_load_i16(from + 2 * index);
    default:
        return nn_load_i32(from + 4 * index);
    }
}

static void store(uint8_t *to, uint8_t type, uint32_t index, int64_t value) {
    int32_t bits = 8 * (int32_t)nn_element_bytes(type);
    int64_t low = type == NN_UINT8 ? 0 : -(1ll << (bits - 1)), high = low + (1ll << bits) - 1;
    int32_t own = (int32_t)(value < low ? low : value > high ? high : value);
    if (bits == 8) {
        to[index] = (uint8_t)own;
    } else if (bits == 16) {
        ((int16_t *)(void *)to)[index] = (int16_t)own;
    } else {
        ((int32_t *)(void *)to)[index] = own;
    }
}

static bool run(nn_model *model, const nn_node *node) {
    const quantisation *params = node->params;
    const uint8_t *input = nn_data(model, node->input);
    uint8_t *out = nn_data(model, node->output);
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        int32_t value = load(input, params->input_type, i) - params->input_zero;
        if (params->output_type == NN_FLOAT32) {
            ((float *)(void *)out)[i] = params->real * (float)value;
        } else {
            store(out, params->output_type, i, (int64_t)nn_rescale(value, params->scale) + params->output_zero);
        }
    }
    return true;
}

const nn_operator nn_dequantize = {BUILTIN_DEQUANTIZE, OPTIONS_DEQUANTIZE, 1, 1, "DEQUANTIZE", prepare, run};
const nn_operator nn_quantize = {BUILTIN_QUANTIZE, OPTIONS_QUANTIZE, 1, 1, "QUANTIZE", prepare, run};
