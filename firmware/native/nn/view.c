// SPDX-License-Identifier: Apache-2.0
// RESHAPE, EXPAND_DIMS and SQUEEZE, which share the memory of their input (plan.c), and SHAPE.
#include "small.h" // first, for the functions in the others

#include "registry.h"
#include "schema.h"
#include "tensor.h"

typedef struct {
    uint32_t bytes;
} view;

typedef struct {
    uint32_t rank;
    int32_t sizes[NN_MAX_RANK];
} shape;

bool nn_prepare_view(nn_build *build) {
    nn_info input, output;
    if (!nn_read_input(build, 0, &input) || !nn_read_output(build, &output)) {
        return false;
    }
    if (input.type != output.type) {
        return nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_TYPES);
    }
    if (input.count != output.count) {
        return nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_COUNTS_ELEMENTS);
    }
    const view own = {output.bytes};
    return nn_keep(build, &own, sizeof own);
}

static bool run_view(nn_model *model, const nn_node *node) {
    const view *params = node->params;
    const uint8_t *input = nn_data(model, node->input);
    uint8_t *out = nn_data(model, node->output);
    if (!nn_step(model)) {
        return false;
    }
    if (out != input) { // the same memory unless the input is a constant (plan.c)
        memcpy(out, input, params->bytes);
    }
    return true;
}

static bool prepare_shape(nn_build *build) {
    nn_info input, output;
    if (!nn_read_input(build, 0, &input) || !nn_read_output(build, &output)) {
        return false;
    }
    if (output.type != NN_INT32) {
        return nn_refuse(build, NN_WHY_OUTPUT_NOT_INT32);
    }
    if (output.rank != 1 || output.count != input.rank) {
        return nn_refuse(build, NN_WHY_OUTPUT_NOT_ONE_VALUE_DIMENSION);
    }
    shape own;
    own.rank = input.rank;
    memcpy(own.sizes, input.shape, sizeof own.sizes);
    return nn_keep(build, &own, sizeof own);
}

static bool run_shape(nn_model *model, const nn_node *node) {
    const shape *params = node->params;
    if (!nn_step(model)) {
        return false;
    }
    memcpy(nn_data(model, node->output), params->sizes, params->rank * sizeof params->sizes[0]);
    return true;
}

const nn_operator nn_reshape = {BUILTIN_RESHAPE, OPTIONS_RESHAPE, 1, 2, NN_NAME("RESHAPE"), nn_prepare_view, run_view};
const nn_operator nn_expand_dims = {BUILTIN_EXPAND_DIMS,    OPTIONS_EXPAND_DIMS, 2,       2,
                                    NN_NAME("EXPAND_DIMS"), nn_prepare_view,     run_view};
const nn_operator nn_squeeze = {BUILTIN_SQUEEZE, OPTIONS_SQUEEZE, 1, 1, NN_NAME("SQUEEZE"), nn_prepare_view, run_view};
const nn_operator nn_shape = {BUILTIN_SHAPE, OPTIONS_SHAPE, 1, 1, NN_NAME("SHAPE"), prepare_shape, run_shape};
