// SPDX-License-Identifier: Apache-2.0
// MEAN and REDUCE_MAX over any axes and ARG_MAX over one, of int8. The division of MEAN by the count is folded into its
// multiplier (QuantizedMeanOrSum).
#include "small.h" // first, for the functions in the others

#include "axes.h"
#include "moves.h"
#include "registry.h"
#include "schema.h"

#define MOST_REDUCED (1u << 23) // so that 255 times the count fits 31 bits

typedef struct {
    nn_axes kept, reduced;
    nn_scale scale;
    int32_t offset; // subtracted from a sum: zero point times count
    int32_t output_zero;
} reduction;

// Negative axes count from the end; an axis may be named twice.
static bool read_axes(nn_build *build, const nn_info *input, uint32_t *reduced) {
    nn_info axes;
    *reduced = 0;
    if (!nn_read_constant(build, 1, &axes)) {
        return false;
    }
    if (axes.constant == NULL || axes.type != NN_INT32) {
        return nn_refuse(build, NN_WHY_AXES_NOT_CONSTANT_INT32);
    }
    for (uint32_t i = 0; i < axes.count; i++) {
        uint32_t axis;
        if (!nn_read_axis(build, nn_integer(&axes, i), input->rank, &axis)) {
            return false;
        }
        *reduced |= 1u << axis;
    }
    return true;
}

static void split_axes(const nn_info *input, uint32_t reduced, nn_axes *kept, nn_axes *gone) {
    int32_t stride[NN_MAX_RANK];
    memset(kept, 0, sizeof *kept);
    memset(gone, 0, sizeof *gone);
    nn_dense_strides(input, stride);
    for (uint32_t axis = 0; axis < input->rank; axis++) {
        nn_add_axis(reduced & (1u << axis) ? gone : kept, input->shape[axis], stride[axis]);
    }
}

// The output has the kept dimensions in their order; dimensions of 1 (keep_dims) do not matter.
static bool output_follows(const nn_axes *kept, const nn_info *output) {
    uint32_t axis = 0;
    for (uint32_t i = 0; i < kept->rank; i++) {
        while (axis < output->rank && output->shape[axis] == 1) {
            axis++;
        }
        if (kept->shape[i] != 1 && (axis == output->rank || output->shape[axis++] != kept->shape[i])) {
            return false;
        }
    }
    return output->count == nn_axes_count(kept);
}

bool nn_read_reduction(nn_build *build, const nn_info *input, const nn_info *output, nn_axes *kept, nn_axes *reduced) {
    uint32_t axes;
    if (!read_axes(build, input, &axes)) {
        return false;
    }
    split_axes(input, axes, kept, reduced);
    return output_follows(kept, output) || nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_AXES);
}

static void divide_scale(nn_scale *scale, uint32_t count) {
    int shift = 31 - __builtin_clz(count);
    shift = shift < 31 + scale->shift ? shift : 31 + scale->shift; // rescaling takes shifts down to -31
    scale->multiplier = (int32_t)(((int64_t)scale->multiplier << shift) / count);
    scale->shift -= shift;
}

static bool check(nn_build *build, const nn_info *input, const nn_info *output, reduction *own) {
    uint32_t count = nn_axes_count(&own->reduced);
    switch (build->node->kind->builtin) {
    case BUILTIN_ARG_MAX:
        if (own->reduced.rank != 1) {
            return nn_refuse(build, NN_WHY_POSITIONS_NOT_FIT_DIMENSIONS);
        }
        return output->type == NN_INT32 || nn_refuse(build, NN_WHY_OUTPUT_NOT_INT32);
    case BUILTIN_REDUCE_MAX:
        return nn_need_same_kind(build, input, output);
    default:
        if (!nn_need_int8(build, output) || !nn_read_scale(build, input->scale, 1.0f, output->scale, &own->scale)) {
            return false;
        }
        divide_scale(&own->scale, count);
        own->offset = input->zero_point * (int32_t)count;
        own->output_zero = output->zero_point;
        return count <= MOST_REDUCED || nn_refuse(build, NN_WHY_MEAN_MORE_8_MILLION_ELEMENTS);
    }
}

static bool prepare(nn_build *build) {
    nn_info input, output;
    reduction own;
    if (!nn_read_input(build, 0, &input) || !nn_read_output(build, &output) || !nn_need_int8(build, &input) ||
        !nn_read_reduction(build, &input, &output, &own.kept, &own.reduced) || !check(build, &input, &output, &own)) {
        return false;
    }
    return nn_keep(build, &own, sizeof own);
}

// What all of the operators need to know of the elements; the first of several that are the largest.
typedef struct {
    int32_t sum, largest, position;
} found;

static found look_at(const nn_axes *axes, uint32_t count, const int8_t *from) {
    found own = {0, INT8_MIN - 1, 0};
    nn_walk walk = {{0}, 0};
    for (uint32_t i = 0; i < count; i++) {
        int32_t value = from[walk.offset];
        own.sum += value;
        if (value > own.largest) {
            own.largest = value;
            own.position = (int32_t)i;
        }
        nn_walk_on(axes, &walk);
    }
    return own;
}

static bool run(nn_model *model, const nn_node *node) {
    const reduction *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, node->input);
    uint8_t *out = nn_data(model, node->output);
    uint32_t count = nn_axes_count(&params->reduced), outputs = nn_axes_count(&params->kept);
    uint32_t outputs_per_step = nn_items_per_step(count);
    nn_walk walk = {{0}, 0};
    for (uint32_t i = 0; i < outputs; i++) {
        if (!nn_step_each(model, i, outputs_per_step)) {
            return false;
        }
        const found own = look_at(&params->reduced, count, input + walk.offset);
        if (node->kind->builtin == BUILTIN_ARG_MAX) {
            memcpy(out + 4 * i, &own.position, sizeof own.position);
        } else if (node->kind->builtin == BUILTIN_REDUCE_MAX) {
            out[i] = (uint8_t)own.largest;
        } else {
            int32_t value = nn_rescale(own.sum - params->offset, params->scale) + params->output_zero;
            out[i] = (uint8_t)nn_clamp(value, INT8_MIN, INT8_MAX);
        }
        nn_walk_on(&params->kept, &walk);
    }
    return true;
}

const nn_operator nn_mean = {BUILTIN_MEAN, OPTIONS_REDUCER, 2, 2, NN_NAME("MEAN"), prepare, run};
const nn_operator nn_reduce_max = {BUILTIN_REDUCE_MAX, OPTIONS_REDUCER, 2, 2, NN_NAME("REDUCE_MAX"), prepare, run};
const nn_operator nn_arg_max = {BUILTIN_ARG_MAX, OPTIONS_ARG_MAX, 2, 2, NN_NAME("ARG_MAX"), prepare, run};
