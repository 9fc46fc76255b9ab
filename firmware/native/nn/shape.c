// SPDX-License-Identifier: Apache-2.0
// RESHAPE, PAD and TRANSPOSE: they move elements of any type without changing them.
#include "axes.h"
#include "registry.h"
#include "schema.h"

typedef struct {
    nn_axes axes;       // PAD: the input's rows, strides in the output; TRANSPOSE: the output's elements, strides
                        // in the input
    uint32_t first;     // PAD: the element of the output where the input begins
    uint32_t row_bytes; // PAD: of the input
    uint32_t bytes;     // of the output
    uint16_t input, output;
    uint8_t element;
    uint8_t fill;
} movement;

static movement *take(nn_build *build, const nn_info *input, const nn_info *output) {
    movement *params = nn_take(build, sizeof *params);
    if (params != NULL) {
        build->node->params = params;
        params->bytes = output->bytes;
        params->input = input->index;
        params->output = output->index;
        params->element = (uint8_t)nn_element_bytes(input->type);
    }
    return params;
}

static bool read_both(nn_build *build, nn_info *input, nn_info *output) {
    if (!nn_read_input(build, 0, input) || !nn_read_output(build, output)) {
        return false;
    }
    return input->type == output->type || nn_malformed(build, "input and output have different types");
}

// The second input: constant int32 with `count` values.
static bool read_constants(nn_build *build, uint32_t count, nn_info *constants) {
    if (!nn_read_input(build, 1, constants)) {
        return false;
    }
    if (constants->constant == NULL || constants->type != NN_INT32) {
        return nn_unsupported(build, "second input that is not constant int32");
    }
    return constants->count == count || nn_malformed(build, "second input does not fit the number of dimensions");
}

static int32_t value_of(const nn_info *constants, uint32_t index) {
    return nn_load_i32(constants->constant + 4 * index);
}

static bool prepare_reshape(nn_build *build) {
    nn_info input, output;
    if (!read_both(build, &input, &output)) {
        return false;
    }
    if (input.count != output.count) {
        return nn_malformed(build, "input and output have different counts of elements");
    }
    return take(build, &input, &output) != NULL || nn_measuring(build);
}

static bool run_reshape(nn_model *model, const nn_node *node) {
    const movement *params = node->params;
    const uint8_t *input = nn_data(model, params->input);
    uint8_t *out = nn_data(model, params->output);
    if (!nn_step(model)) {
        return false;
    }
    if (out != input) { // the same memory unless the input is a constant (plan.c)
        memcpy(out, input, params->bytes);
    }
    return true;
}

static bool check_padding(nn_build *build, const nn_info *input, const nn_info *output, const nn_info *padding) {
    for (uint32_t axis = 0; axis < input->rank; axis++) {
        int32_t before = value_of(padding, 2 * axis), after = value_of(padding, 2 * axis + 1);
        if (before < 0 || after < 0 || (int64_t)before + after + input->shape[axis] != output->shape[axis]) {
            return nn_malformed(build, "output shape does not follow from the padding");
        }
    }
    return output->zero_point == 0 || nn_element_bytes(output->type) == 1 ||
           nn_unsupported(build, "padding of wide integers with a zero point");
}

static bool prepare_pad(nn_build *build) {
    nn_info input, output, padding;
    if (!read_both(build, &input, &output) || !read_constants(build, 2u * input.rank, &padding)) {
        return false;
    }
    if (input.rank == 0 || input.rank != output.rank) {
        return nn_malformed(build, "input and output have different numbers of dimensions");
    }
    if (!check_padding(build, &input, &output, &padding)) {
        return false;
    }
    movement *params = take(build, &input, &output);
    if (params == NULL) {
        return nn_measuring(build);
    }
    int32_t stride[NN_MAX_RANK];
    nn_dense_strides(&output, stride);
    for (uint32_t axis = 0; axis < input.rank; axis++) {
        params->first += (uint32_t)(value_of(&padding, 2 * axis) * stride[axis]);
        if (axis + 1u < input.rank) {
            nn_add_axis(&params->axes, input.shape[axis], stride[axis]);
        }
    }
    params->row_bytes = (uint32_t)input.shape[input.rank - 1] * params->element;
    params->fill = (uint8_t)output.zero_point;
    return true;
}

static bool run_pad(nn_model *model, const nn_node *node) {
    const movement *params = node->params;
    const uint8_t *input = nn_data(model, params->input);
    uint8_t *out = nn_data(model, params->output);
    uint32_t rows = nn_axes_count(&params->axes);
    uint32_t rows_per_step = nn_items_per_step(params->row_bytes);
    nn_walk walk = {{0}, 0};
    memset(out, params->fill, params->bytes);
    out += params->first * params->element;
    for (uint32_t i = 0; i < rows; i++, input += params->row_bytes) {
        if (i % rows_per_step == 0 && !nn_step(model)) {
            return false;
        }
        memcpy(out + (size_t)walk.offset * params->element, input, params->row_bytes);
        nn_walk_on(&params->axes, &walk);
    }
    return true;
}

static bool check_permutation(nn_build *build, const nn_info *input, const nn_info *output, const nn_info *order) {
    uint32_t seen = 0;
    for (uint32_t axis = 0; axis < input->rank; axis++) {
        int32_t from = value_of(order, axis);
        if (from < 0 || from >= input->rank || (seen & (1u << from))) {
            return nn_malformed(build, "axes are not a permutation");
        }
        seen |= 1u << from;
        if (output->shape[axis] != input->shape[from]) {
            return nn_malformed(build, "output shape does not follow from the permutation");
        }
    }
    return true;
}

static bool prepare_transpose(nn_build *build) {
    nn_info input, output, order;
    if (!read_both(build, &input, &output) || !read_constants(build, input.rank, &order)) {
        return false;
    }
    if (input.rank != output.rank) {
        return nn_malformed(build, "input and output have different numbers of dimensions");
    }
    if (!check_permutation(build, &input, &output, &order)) {
        return false;
    }
    movement *params = take(build, &input, &output);
    if (params == NULL) {
        return nn_measuring(build);
    }
    int32_t stride[NN_MAX_RANK];
    nn_dense_strides(&input, stride);
    for (uint32_t axis = 0; axis < input.rank; axis++) {
        nn_add_axis(&params->axes, output.shape[axis], stride[value_of(&order, axis)]);
    }
    return true;
}

static bool run_transpose(nn_model *model, const nn_node *node) {
    const movement *params = node->params;
    const uint8_t *input = nn_data(model, params->input);
    uint8_t *out = nn_data(model, params->output);
    uint32_t count = nn_axes_count(&params->axes);
    nn_walk walk = {{0}, 0};
    for (uint32_t i = 0; i < count; i++, out += params->element) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        memcpy(out, input + (size_t)walk.offset * params->element, params->element);
        nn_walk_on(&params->axes, &walk);
    }
    return true;
}

const nn_operator nn_reshape = {BUILTIN_RESHAPE, OPTIONS_RESHAPE, 1, 2, "RESHAPE", prepare_reshape, run_reshape};
const nn_operator nn_pad = {BUILTIN_PAD, OPTIONS_PAD, 2, 2, "PAD", prepare_pad, run_pad};
const nn_operator nn_transpose = {BUILTIN_TRANSPOSE, OPTIONS_TRANSPOSE, 2, 2, "TRANSPOSE",
                                  prepare_transpose, run_transpose};
