// SPDX-License-Identifier: Apache-2.0
// ADD, SUB, MUL, MAXIMUM, MINIMUM and PRELU of int8, with broadcasting.
#include "binary.h"
#include "axes.h"
#include "dot.h"
#include "moves.h"
#include "registry.h"
#include "scale.h"
#include "schema.h"

#define LEFT_SHIFT 20 // headroom bits before an addition

typedef struct {
    nn_binary head;
    nn_scale left_scale, right_scale, output_scale;
    int32_t left_zero, right_zero, output_zero;
    int32_t low, high;
    int32_t sign; // SUB and MINIMUM: -1
    bool prelu;
} binary;

// Size along an axis of the output; missing leading axes count as 1.
static int32_t size_along(const nn_info *info, uint32_t rank, uint32_t axis) {
    return axis + info->rank < rank ? 1 : info->shape[axis + info->rank - rank];
}

bool nn_read_broadcast(nn_build *build, nn_info *left, nn_info *right, nn_info *output, nn_box *box) {
    if (!nn_read_input(build, 0, left) || !nn_read_input(build, 1, right) || !nn_read_output(build, output)) {
        return false;
    }
    const uint32_t rank = left->rank > right->rank ? left->rank : right->rank;
    uint32_t a = left->count, b = right->count; // elements from one position along the axis to the next
    bool good = output->rank == rank;
    memset(box, 0, sizeof *box);
    for (uint32_t axis = 0; good && axis < rank; axis++) {
        const int32_t own = size_along(left, rank, axis), other = size_along(right, rank, axis);
        const int32_t size = output->shape[axis];
        good = size == (own == 1 ? other : own) && (other == size || other == 1);
        if (!good) {
            break;
        }
        a /= (uint32_t)own;
        b /= (uint32_t)other;
        nn_add_pair(box, size, own == 1 ? 0 : (int32_t)a, other == 1 ? 0 : (int32_t)b);
    }
    if (left->count == right->count || right->constant != NULL) {
        nn_overlap_elements(build, left, output);
    }
    return good || nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_INPUT_SHAPES);
}

bool nn_keep_binary(nn_build *build, nn_binary *params, size_t bytes, const nn_info *right, const nn_box *box) {
    const size_t axes = box->rank * sizeof *box->axis;
    uint8_t *kept = nn_take_params(build, bytes + axes);
    if (kept == NULL) {
        return nn_measuring(build);
    }
    params->axes = (nn_pair_axis *)(void *)(kept + bytes);
    params->rank = (uint16_t)box->rank;
    params->right = right->index;
    memcpy(kept, params, bytes);
    memcpy(kept + bytes, box->axis, axes);
    return true;
}

bool nn_run_binary(nn_model *model, const nn_node *node, nn_row row) {
    const nn_binary *params = node->params;
    const nn_operands own = {params, nn_data(model, node->input), nn_data(model, params->right),
                             nn_data(model, node->output), node->kind->builtin};
    return nn_run_rows(model, params->axes, params->rank, row, &own);
}

// The inputs at twice the larger scale, the sum back to the output's scale. The reference requires factors below 1.
static bool read_sum_scales(nn_build *build, const nn_info info[3], binary *params) {
    float larger = info[0].scale > info[1].scale ? info[0].scale : info[1].scale;
    nn_scale_ratio(info[0].scale, 0.5f, larger, &params->left_scale);
    nn_scale_ratio(info[1].scale, 0.5f, larger, &params->right_scale);
    nn_scale_ratio(larger, 2.0f / (1 << LEFT_SHIFT), info[2].scale, &params->output_scale);
    return (params->output_scale.shift <= 0 || nn_refuse(build, NN_WHY_RATIO_SCALES_TOO_LARGE)) &&
           nn_read_activation(build, ADD_ACTIVATION, &info[2], &params->low, &params->high);
}

static bool read_options(nn_build *build, const nn_info info[3], binary *params) {
    switch (build->node->kind->builtin) {
    case BUILTIN_SUB:
        params->sign = -1;
        return read_sum_scales(build, info, params);
    case BUILTIN_ADD:
        return read_sum_scales(build, info, params);
    case BUILTIN_PRELU:
        params->prelu = true;
        return nn_read_scale(build, info[0].scale, 1.0f, info[2].scale, &params->left_scale) &&
               nn_read_scale(build, info[0].scale, info[1].scale, info[2].scale, &params->output_scale);
    case BUILTIN_MUL:
        return nn_read_scale(build, info[0].scale, info[1].scale, info[2].scale, &params->output_scale) &&
               nn_read_activation(build, MUL_ACTIVATION, &info[2], &params->low, &params->high);
    case BUILTIN_MINIMUM:
        params->sign = -1;
        break;
    default:
        break;
    }
    return nn_need_same_kind(build, &info[0], &info[2]) && nn_need_same_kind(build, &info[1], &info[2]);
}

static bool prepare(nn_build *build) {
    nn_info info[3]; // left, right, output
    nn_box box;
    binary own = {.sign = 1, .low = INT8_MIN, .high = INT8_MAX};
    if (!nn_read_broadcast(build, &info[0], &info[1], &info[2], &box) || !nn_both_int8(build, &info[0], &info[1]) ||
        !nn_need_int8(build, &info[2]) || !read_options(build, info, &own)) {
        return false;
    }
    own.left_zero = info[0].zero_point;
    own.right_zero = info[1].zero_point;
    own.output_zero = info[2].zero_point;
    return nn_keep_binary(build, &own.head, sizeof own, &info[1], &box);
}

// Where values of the output end.
typedef struct {
    int32_t zero, low, high;
} range;

static range range_of(const binary *params) {
    const range result = {params->output_zero, params->low, params->high};
    return result;
}

static int8_t finish(const range *own, int32_t value) {
    return (int8_t)nn_clamp(value + own->zero, own->low, own->high);
}

// nn_rescale for |x| < 2^30 by a factor below 1, in fewer instructions.
typedef struct {
    int32_t multiplier, shift;
    int32_t half;  // of what the shift drops
    int32_t below; // -1 when it drops anything: then halves of negative numbers round down
} shrinking;

static shrinking shrinking_of(nn_scale scale) {
    int32_t shift = -scale.shift;
    const shrinking result = {scale.multiplier, shift, shift ? 1 << (shift - 1) : 0, shift ? -1 : 0};
    return result;
}

#if MOTET_NN_SINGLE_ROUNDING

static int32_t shrink(int32_t x, const shrinking *by) {
    const nn_scale scale = {by->multiplier, -by->shift};
    return nn_rescale(x, scale);
}

#else

static int32_t shrink(int32_t x, const shrinking *by) {
    int32_t value = nn_high_mul_small(x, by->multiplier);
    return (value + (value >> 31 & by->below) + by->half) >> by->shift;
}

#endif

// The locals are there because a store to `out` could change anything that a pointer reaches.
static void add_row(const void *context, const nn_stretch *at) {
    const nn_operands *own = context;
    const binary *params = own->params;
    const int8_t *left = (const int8_t *)own->left + at->a, *right = (const int8_t *)own->right + at->b;
    int8_t *out = (int8_t *)own->out + at->done;
    const shrinking by_left = shrinking_of(params->left_scale), by_right = shrinking_of(params->right_scale);
    const shrinking by_output = shrinking_of(params->output_scale);
    const int32_t left_zero = params->left_zero, right_zero = params->right_zero, sign = params->sign;
    const int32_t step_a = at->step_a, step_b = at->step_b;
    const range limits = range_of(params);
    for (int8_t *end = out + at->count; out < end; left += step_a, right += step_b) {
        int32_t a = shrink((*left - left_zero) * (1 << LEFT_SHIFT), &by_left);
        int32_t b = shrink((*right - right_zero) * (1 << LEFT_SHIFT), &by_right);
        *out++ = finish(&limits, shrink(a + sign * b, &by_output));
    }
}

// MUL, and PRELU, whose right input counts only where the left one is negative.
static int32_t product(const binary *params, int32_t a, int32_t b) {
    bool kept = params->prelu && a >= 0;
    return kept ? nn_rescale(a, params->left_scale) : nn_rescale(a * b, params->output_scale);
}

// MAXIMUM and MINIMUM: all zero points are the same.
static int32_t extreme(const binary *params, int32_t a, int32_t b) {
    return params->sign * a > params->sign * b ? a : b;
}

static void each_row(const void *context, const nn_stretch *at) {
    const nn_operands *own = context;
    const binary *params = own->params;
    const int8_t *left = (const int8_t *)own->left + at->a, *right = (const int8_t *)own->right + at->b;
    int8_t *out = (int8_t *)own->out + at->done;
    const bool multiplies = own->builtin == BUILTIN_MUL || own->builtin == BUILTIN_PRELU;
    for (uint32_t i = 0; i < at->count; i++, left += at->step_a, right += at->step_b) {
        const int32_t a = *left - params->left_zero, b = *right - params->right_zero;
        const range limits = range_of(params);
        out[i] = finish(&limits, multiplies ? product(params, a, b) : extreme(params, a, b));
    }
}

static bool run_sum(nn_model *model, const nn_node *node) {
    return nn_run_binary(model, node, add_row);
}

static bool run_each(nn_model *model, const nn_node *node) {
    return nn_run_binary(model, node, each_row);
}

const nn_operator nn_add = {BUILTIN_ADD, OPTIONS_ADD, 2, 2, NN_NAME("ADD"), prepare, run_sum};
const nn_operator nn_sub = {BUILTIN_SUB, OPTIONS_SUB, 2, 2, NN_NAME("SUB"), prepare, run_sum};
const nn_operator nn_mul = {BUILTIN_MUL, OPTIONS_MUL, 2, 2, NN_NAME("MUL"), prepare, run_each};
const nn_operator nn_prelu = {BUILTIN_PRELU, OPTIONS_NONE, 2, 2, NN_NAME("PRELU"), prepare, run_each};
const nn_operator nn_maximum = {BUILTIN_MAXIMUM, OPTIONS_MAXIMUM_MINIMUM, 2, 2, NN_NAME("MAXIMUM"), prepare, run_each};
const nn_operator nn_minimum = {BUILTIN_MINIMUM, OPTIONS_MAXIMUM_MINIMUM, 2, 2, NN_NAME("MINIMUM"), prepare, run_each};
