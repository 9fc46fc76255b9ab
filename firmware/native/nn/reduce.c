// SPDX-License-Identifier: Apache-2.0
// REDUCE_MAX over any axes and ARG_MAX over one, of int8.
#include "small.h" // first, for the functions in the others

#include "axes.h"
#include "moves.h"
#include "registry.h"
#include "schema.h"

typedef struct {
    nn_axes kept, reduced;
    uint16_t input, output;
} reduction;

static reduction *take(nn_build *build, const nn_info *input, const nn_info *output) {
    reduction *params = nn_take(build, sizeof *params);
    if (params != NULL) {
        build->node->params = params;
        params->input = input->index;
        params->output = output->index;
    }
    return params;
}

static bool prepare_max(nn_build *build) {
    nn_info input, output;
    nn_axes kept, reduced;
    if (!nn_read_input(build, 0, &input) || !nn_read_output(build, &output) || !nn_need_int8(build, &input) ||
        !nn_need_same_kind(build, &input, &output) || !nn_read_reduction(build, &input, &output, &kept, &reduced)) {
        return false;
    }
    reduction *params = take(build, &input, &output);
    if (params == NULL) {
        return nn_measuring(build);
    }
    params->kept = kept;
    params->reduced = reduced;
    return true;
}

// The output has the input's shape without the axis.
static bool lacks_axis(const nn_info *output, const nn_info *input, uint32_t axis) {
    if (output->rank + 1 != input->rank) {
        return false;
    }
    for (uint32_t i = 0; i < output->rank; i++) {
        if (output->shape[i] != input->shape[i < axis ? i : i + 1]) {
            return false;
        }
    }
    return true;
}

static bool prepare_arg_max(nn_build *build) {
    nn_info input, output, axes;
    uint32_t axis;
    int32_t stride[NN_MAX_RANK];
    if (!nn_read_input(build, 0, &input) || !nn_read_output(build, &output) || !nn_need_int8(build, &input) ||
        !nn_read_integers(build, 1, 1, &axes) || !nn_read_axis(build, nn_integer(&axes, 0), input.rank, &axis)) {
        return false;
    }
    if (output.type != NN_INT32) {
        return nn_unsupported(build, "output that is not int32");
    }
    if (!lacks_axis(&output, &input, axis)) {
        return nn_malformed(build, "output shape does not follow from the axis");
    }
    reduction *params = take(build, &input, &output);
    if (params == NULL) {
        return nn_measuring(build);
    }
    nn_dense_strides(&input, stride);
    for (uint32_t i = 0; i < input.rank; i++) {
        nn_add_axis(i == axis ? &params->reduced : &params->kept, input.shape[i], stride[i]);
    }
    return true;
}

// The largest of `count` elements, the first of them when several are equal, and its position.
static int32_t largest(const nn_axes *axes, uint32_t count, const int8_t *from, int32_t *position) {
    int32_t most = INT8_MIN - 1;
    nn_walk walk = {{0}, 0};
    for (uint32_t i = 0; i < count; i++) {
        if (from[walk.offset] > most) {
            most = from[walk.offset];
            *position = (int32_t)i;
        }
        nn_walk_on(axes, &walk);
    }
    return most;
}

static bool run(nn_model *model, const nn_node *node, bool arg) {
    const reduction *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, params->input);
    uint8_t *out = nn_data(model, params->output);
    uint32_t count = nn_axes_count(&params->reduced), outputs = nn_axes_count(&params->kept);
    uint32_t outputs_per_step = nn_items_per_step(count);
    nn_walk walk = {{0}, 0};
    for (uint32_t i = 0; i < outputs; i++) {
        if (i % outputs_per_step == 0 && !nn_step(model)) {
            return false;
        }
        int32_t position = 0, most = largest(&params->reduced, count, input + walk.offset, &position);
        if (arg) {
            memcpy(out + 4 * i, &position, sizeof position);
        } else {
            out[i] = (uint8_t)most;
        }
        nn_walk_on(&params->kept, &walk);
    }
    return true;
}

static bool run_max(nn_model *model, const nn_node *node) {
    return run(model, node, false);
}

static bool run_arg_max(nn_model *model, const nn_node *node) {
    return run(model, node, true);
}

const nn_operator nn_reduce_max = {BUILTIN_REDUCE_MAX, OPTIONS_REDUCER, 2, 2, "REDUCE_MAX", prepare_max, run_max};
const nn_operator nn_arg_max = {BUILTIN_ARG_MAX, OPTIONS_ARG_MAX, 2, 2, "ARG_MAX", prepare_arg_max, run_arg_max};
