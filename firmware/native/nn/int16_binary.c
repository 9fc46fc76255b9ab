// SPDX-License-Identifier: Apache-2.0
// ADD, SUB and MUL of int16, with broadcasting. Zero points are 0.
#include "small.h" // first, for the functions in the others

#include "binary.h"
#include "registry.h"
#include "scale.h"
#include "schema.h"

#define LEFT_SHIFT 15 // headroom bits before an addition

typedef struct {
    nn_binary head;
    nn_scale left_scale, right_scale, output_scale;
    int32_t low, high;
} binary16;

// A sum has its inputs at twice the larger scale; the reference requires factors below 1.
static bool read_scales(nn_build *build, const nn_info info[3], binary16 *params) {
    float larger = info[0].scale > info[1].scale ? info[0].scale : info[1].scale;
    if (build->node->kind->builtin == BUILTIN_MUL) {
        return nn_read_scale(build, info[0].scale, info[1].scale, info[2].scale, &params->output_scale);
    }
    nn_scale_ratio(info[0].scale, 0.5f, larger, &params->left_scale);
    nn_scale_ratio(info[1].scale, 0.5f, larger, &params->right_scale);
    nn_scale_ratio(larger, 2.0f / (1 << LEFT_SHIFT), info[2].scale, &params->output_scale);
    return params->output_scale.shift <= 0 || nn_refuse(build, NN_WHY_RATIO_SCALES_TOO_LARGE);
}

static bool prepare(nn_build *build) {
    nn_info info[3]; // left, right, output
    nn_box box;
    binary16 own = {0};
    if (!nn_read_broadcast(build, &info[0], &info[1], &info[2], &box) || !nn_need_int16(build, &info[0]) ||
        !nn_need_int16(build, &info[1]) || !nn_need_int16(build, &info[2]) || !read_scales(build, info, &own) ||
        !nn_read_activation(build, ADD_ACTIVATION, &info[2], &own.low, &own.high)) {
        return false;
    }
    return nn_keep_binary(build, &own.head, sizeof own, &info[1], &box);
}

static int32_t load(const uint8_t *from) {
    int16_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static void one_row(const void *context, const nn_stretch *at) {
    const nn_operands *own = context;
    const binary16 *params = own->params;
    const uint8_t *left = own->left + 2 * at->a, *right = own->right + 2 * at->b;
    int16_t *out = (int16_t *)(void *)own->out + at->done;
    for (uint32_t i = 0; i < at->count; i++, left += 2 * at->step_a, right += 2 * at->step_b) {
        int32_t a = load(left), b = load(right), value = a * b;
        if (own->builtin != BUILTIN_MUL) {
            a = nn_rescale(a * (1 << LEFT_SHIFT), params->left_scale);
            b = nn_rescale(b * (1 << LEFT_SHIFT), params->right_scale);
            value = own->builtin == BUILTIN_ADD ? a + b : a - b;
        }
        out[i] = (int16_t)nn_clamp(nn_rescale(value, params->output_scale), params->low, params->high);
    }
}

static bool run(nn_model *model, const nn_node *node) {
    return nn_run_binary(model, node, one_row);
}

const nn_operator nn_add_int16 = {BUILTIN_ADD, OPTIONS_ADD, 2, 2, NN_NAME("ADD"), prepare, run};
const nn_operator nn_mul_int16 = {BUILTIN_MUL, OPTIONS_MUL, 2, 2, NN_NAME("MUL"), prepare, run};
const nn_operator nn_sub_int16 = {BUILTIN_SUB, OPTIONS_SUB, 2, 2, NN_NAME("SUB"), prepare, run};
