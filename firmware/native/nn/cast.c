// SPDX-License-Identifier: Apache-2.0
// CAST between integers, which wrap, and from integers to float32.
#include "small.h" // first, for the functions in the others

#include "registry.h"
#include "schema.h"
#include "tensor.h"

typedef struct {
    uint32_t count;
    uint8_t from, to;
} cast;

static bool is_integer(uint8_t type) {
    return type == NN_INT8 || type == NN_UINT8 || type == NN_INT16 || type == NN_INT32 || type == NN_UINT32;
}

static bool prepare(nn_build *build) {
    nn_info input, output;
    if (!nn_read_input(build, 0, &input) || !nn_read_output(build, &output)) {
        return false;
    }
    if (!is_integer(input.type) || (!is_integer(output.type) && output.type != NN_FLOAT32)) {
        return nn_refuse(build, NN_WHY_CAST_OF_OTHER_TYPES);
    }
    if (input.count != output.count) {
        return nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_COUNTS_ELEMENTS);
    }
    nn_overlap_elements(build, &input, &output);
    const cast own = {input.count, input.type, output.type};
    return nn_keep(build, &own, sizeof own);
}

// Constants need not be aligned.
static int64_t load(const uint8_t *from, uint8_t type) {
    switch (type) {
    case NN_INT8:
        return (int8_t)*from;
    case NN_UINT8:
        return *from;
    case NN_INT16:
        return nn_load_i16(from);
    case NN_INT32:
        return nn_load_i32(from);
    default:
        return (uint32_t)nn_load_i32(from);
    }
}

static void store(uint8_t *to, uint8_t type, int64_t value) {
    uint16_t half = (uint16_t)value;
    uint32_t word = (uint32_t)value;
    float number = (float)value;
    switch (type) {
    case NN_INT8:
    case NN_UINT8:
        *to = (uint8_t)value;
        break;
    case NN_INT16:
        memcpy(to, &half, sizeof half);
        break;
    case NN_FLOAT32:
        memcpy(to, &number, sizeof number);
        break;
    default:
        memcpy(to, &word, sizeof word);
        break;
    }
}

static bool run(nn_model *model, const nn_node *node) {
    const cast *params = node->params;
    const uint8_t *input = nn_data(model, node->input);
    uint8_t *out = nn_data(model, node->output);
    uint32_t from_bytes = nn_element_bytes(params->from), to_bytes = nn_element_bytes(params->to);
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        store(out + i * to_bytes, params->to, load(input + i * from_bytes, params->from));
    }
    return true;
}

const nn_operator nn_cast = {BUILTIN_CAST, OPTIONS_CAST, 1, 1, NN_NAME("CAST"), prepare, run};
