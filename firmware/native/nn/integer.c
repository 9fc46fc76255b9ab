// SPDX-License-Identifier: Apache-2.0
// ADD, MUL, DIV, MINIMUM and MAXIMUM of int32, with broadcasting and without quantisation.
#include "small.h" // first, for the functions in the others

#include "binary.h"
#include "registry.h"
#include "schema.h"

// The activation is field 0 of the options of ADD, MUL and DIV; the others have none.
static bool check(nn_build *build, const nn_info info[3]) {
    int32_t builtin = build->node->kind->builtin;
    bool fused = builtin == BUILTIN_ADD || builtin == BUILTIN_MUL || builtin == BUILTIN_DIV;
    if (info[0].type != NN_INT32 || info[1].type != NN_INT32 || info[2].type != NN_INT32) {
        return nn_refuse(build, NN_WHY_INT32_TOGETHER_OTHER_TYPES);
    }
    return !fused || nn_option_byte(build, ADD_ACTIVATION, ACTIVATION_NONE) == 0 ||
           nn_refuse(build, NN_WHY_FUSED_ACTIVATION_INT32);
}

static bool prepare(nn_build *build) {
    nn_info info[3]; // left, right, output
    nn_box box;
    nn_binary own;
    return nn_read_broadcast(build, &info[0], &info[1], &info[2], &box) && check(build, info) &&
           nn_keep_binary(build, &own, sizeof own, &info[1], &box);
}

// Sums and products wrap. A division by zero gives zero: the reference refuses to go on.
static int32_t combine(int32_t builtin, int32_t a, int32_t b) {
    switch (builtin) {
    case BUILTIN_ADD:
        return (int32_t)((uint32_t)a + (uint32_t)b);
    case BUILTIN_MUL:
        return (int32_t)((uint32_t)a * (uint32_t)b);
    case BUILTIN_DIV:
        return b == 0 ? 0 : b == -1 ? (int32_t)(0 - (uint32_t)a) : a / b;
    case BUILTIN_MINIMUM:
        return a < b ? a : b;
    default:
        return a > b ? a : b;
    }
}

static void run_row(const void *context, const nn_stretch *at) {
    const nn_operands *own = context;
    for (uint32_t i = 0; i < at->count; i++) {
        int32_t a = nn_load_i32(own->left + 4 * (ptrdiff_t)(at->a + (int32_t)i * at->step_a));
        int32_t b = nn_load_i32(own->right + 4 * (ptrdiff_t)(at->b + (int32_t)i * at->step_b));
        ((int32_t *)(void *)own->out)[at->done + i] = combine(own->builtin, a, b);
    }
}

static bool run(nn_model *model, const nn_node *node) {
    return nn_run_binary(model, node, run_row);
}

const nn_operator nn_add_int32 = {BUILTIN_ADD, OPTIONS_ADD, 2, 2, NN_NAME("ADD"), prepare, run};
const nn_operator nn_mul_int32 = {BUILTIN_MUL, OPTIONS_MUL, 2, 2, NN_NAME("MUL"), prepare, run};
const nn_operator nn_div_int32 = {BUILTIN_DIV, OPTIONS_DIV, 2, 2, NN_NAME("DIV"), prepare, run};
const nn_operator nn_minimum_int32 = {BUILTIN_MINIMUM, OPTIONS_MAXIMUM_MINIMUM, 2, 2, NN_NAME("MINIMUM"), prepare, run};
const nn_operator nn_maximum_int32 = {BUILTIN_MAXIMUM, OPTIONS_MAXIMUM_MINIMUM, 2, 2, NN_NAME("MAXIMUM"), prepare, run};
