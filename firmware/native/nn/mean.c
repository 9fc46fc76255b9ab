// SPDX-License-Identifier: Apache-2.0
// MEAN of int8 over any axes: the division by the count is folded into the multiplier (QuantizedMeanOrSum).
#include "axes.h"
#include "registry.h"
#include "schema.h"

#define MOST_REDUCED (1u << 23) // so that 255 times the count fits 31 bits

typedef struct {
    nn_axes kept, reduced;
    nn_scale scale;
    int32_t offset; // subtracted from a sum: zero point times count
    int32_t output_zero;
    uint16_t input, output;
    uint32_t outputs_per_step;
} mean;

// Negative axes count from the end; an axis may be named twice.
static bool read_axes(nn_build *build, const nn_info *input, uint32_t *reduced) {
    nn_info axes;
    *reduced = 0;
    if (!nn_read_constant(build, 1, &axes)) {
        return false;
    }
    if (axes.constant == NULL || axes.type != NN_INT32) {
        return nn_unsupported(build, "axes that are not constant int32");
    }
    for (uint32_t i = 0; i < axes.count; i++) {
        int32_t axis = nn_load_i32(axes.constant + 4 * i);
        if (axis < -(int32_t)input->rank || axis >= input->rank) {
            return nn_malformed(build, "axis out of range");
        }
        *reduced |= 1u << (axis < 0 ? axis + input->rank : axis);
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
    return output_follows(kept, output) || nn_malformed(build, "output shape does not follow from the axes");
}

static void divide_scale(nn_scale *scale, uint32_t count) {
    int shift = 31 - __builtin_clz(count);
    shift = shift < 31 + scale->shift ? shift : 31 + scale->shift; // rescaling takes shifts down to -31
    scale->multiplier = (int32_t)(((int64_t)scale->multiplier << shift) / count);
    scale->shift -= shift;
}

static bool prepare(nn_build *build) {
    nn_info input, output;
    nn_axes kept, reduced;
    nn_scale scale;
    if (!nn_read_input(build, 0, &input) || !nn_read_output(build, &output) || !nn_need_int8(build, &input) ||
        !nn_need_int8(build, &output) || !nn_read_reduction(build, &input, &output, &kept, &reduced) ||
        !nn_read_scale(build, input.scale, 1.0f, output.scale, &scale)) {
        return false;
    }
    uint32_t count = nn_axes_count(&reduced);
    if (count > MOST_REDUCED) {
        return nn_fail(build, NN_TOO_LARGE, "mean of more than 8 million elements");
    }
    mean *params = nn_take(build, sizeof *params);
    if (params == NULL) {
        return nn_measuring(build);
    }
    build->node->params = params;
    divide_scale(&scale, count);
    params->kept = kept;
    params->reduced = reduced;
    params->scale = scale;
    params->offset = input.zero_point * (int32_t)count;
    params->output_zero = output.zero_point;
    params->input = input.index;
    params->output = output.index;
    params->outputs_per_step = nn_items_per_step(count);
    return true;
}

static int32_t sum_of(const nn_axes *axes, uint32_t count, const int8_t *from) {
    int32_t sum = 0;
    nn_walk walk = {{0}, 0};
    for (uint32_t i = 0; i < count; i++) {
        sum += from[walk.offset];
        nn_walk_on(axes, &walk);
    }
    return sum;
}

static bool run(nn_model *model, const nn_node *node) {
    const mean *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, params->input);
    int8_t *out = (int8_t *)nn_data(model, params->output);
    uint32_t count = nn_axes_count(&params->reduced), outputs = nn_axes_count(&params->kept);
    nn_walk walk = {{0}, 0};
    for (uint32_t i = 0; i < outputs; i++) {
        if (i % params->outputs_per_step == 0 && !nn_step(model)) {
            return false;
        }
        int32_t sum = sum_of(&params->reduced, count, input + walk.offset) - params->offset;
        out[i] = (int8_t)nn_clamp(nn_rescale(sum, params->scale) + params->output_zero, INT8_MIN, INT8_MAX);
        nn_walk_on(&params->kept, &walk);
    }
    return true;
}

const nn_operator nn_mean = {BUILTIN_MEAN, OPTIONS_REDUCER, 2, 2, "MEAN", prepare, run};
