// SPDX-License-Identifier: Apache-2.0
// ADD, SUB and MUL of float32, with broadcasting.
#include "small.h" // first, for the functions in the others

#include "binary.h"
#include "float32.h"
#include "registry.h"
#include "schema.h"

typedef struct {
    nn_binary head;
    float low, high;
} float_binary;

static bool prepare(nn_build *build) {
    nn_info left, right, output;
    nn_box box;
    float_binary own = {0};
    if (!nn_read_broadcast(build, &left, &right, &output, &box) ||
        !nn_read_float_activation(build, ADD_ACTIVATION, &own.low, &own.high)) {
        return false;
    }
    return nn_need_float(build, &left, &output) && nn_need_float(build, &right, &output) &&
           nn_keep_binary(build, &own.head, sizeof own, &right, &box);
}

static void one_row(const void *context, const nn_stretch *at) {
    const nn_operands *own = context;
    const uint8_t *left = own->left + 4 * at->a, *right = own->right + 4 * at->b;
    const float_binary *params = own->params;
    float *out = (float *)(void *)own->out + at->done;
    for (uint32_t i = 0; i < at->count; i++, left += 4 * at->step_a, right += 4 * at->step_b) {
        float a = nn_load_f32(left), b = nn_load_f32(right);
        float value = own->builtin == BUILTIN_ADD ? a + b : own->builtin == BUILTIN_SUB ? a - b : a * b;
        out[i] = nn_clamp_float(value, params->low, params->high);
    }
}

static bool run(nn_model *model, const nn_node *node) {
    return nn_run_binary(model, node, one_row);
}

const nn_operator nn_add_float = {BUILTIN_ADD, OPTIONS_ADD, 2, 2, NN_NAME("ADD"), prepare, run};
const nn_operator nn_sub_float = {BUILTIN_SUB, OPTIONS_SUB, 2, 2, NN_NAME("SUB"), prepare, run};
const nn_operator nn_mul_float = {BUILTIN_MUL, OPTIONS_MUL, 2, 2, NN_NAME("MUL"), prepare, run};
