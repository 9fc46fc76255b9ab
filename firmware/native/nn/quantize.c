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
    int32_t low, high; // of the output without its zero point
    uint32_t count;
    uint8_t input_type, output_bytes;
    bool to_float;
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
    quantisation own;
    if (!nn_read_alike(build, &input, &output) || !nn_need_quantised(build, &input) ||
        !check(build, &input, &output, &own.scale)) {
        return false;
    }
    own.output_bytes = (uint8_t)nn_element_bytes(output.type);
    own.low = output.type == NN_UINT8 ? 0 : INT32_MIN >> (32 - 8 * own.output_bytes);
    own.high = (int32_t)((uint32_t)own.low + (UINT32_MAX >> (32 - 8 * own.output_bytes)));
    own.low -= output.zero_point;
    own.high -= output.zero_point;
    own.real = input.scale;
    own.input_zero = input.zero_point;
    own.output_zero = output.zero_point;
    own.count = output.count;
    own.input_type = input.type;
    own.to_float = output.type == NN_FLOAT32;
    return nn_keep(build, &own, sizeof own);
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

static bool run(nn_model *model, const nn_node *node) {
    const quantisation *params = node->params;
    const uint8_t *input = nn_data(model, node->input);
    uint8_t *out = nn_data(model, node->output);
    for (uint32_t i = 0; i < params->count; i++, out += params->output_bytes) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        int32_t value = load(input, params->input_type, i) - params->input_zero;
        if (params->to_float) {
            float real = params->real * (float)value;
            memcpy(&value, &real, sizeof value);
        } else {
            value = nn_clamp(nn_rescale(value, params->scale), params->low, params->high) + params->output_zero;
        }
        memcpy(out, &value, params->output_bytes); // the low bytes come first
    }
    return true;
}

const nn_operator nn_dequantize = {BUILTIN_DEQUANTIZE, OPTIONS_DEQUANTIZE, 1, 1, NN_NAME("DEQUANTIZE"), prepare, run};
const nn_operator nn_quantize = {BUILTIN_QUANTIZE, OPTIONS_QUANTIZE, 1, 1, NN_NAME("QUANTIZE"), prepare, run};
