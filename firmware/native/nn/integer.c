// SPDX-License-Identifier: Apache-2.0
// ADD, MUL, DIV, MINIMUM and MAXIMUM of int32, with broadcasting and without quantisation.
#include "small.h" // first, for the functions in the others

#include "binary.h"
#include "registry.h"
#include "schema.h"

typedef struct {
    int32_t builtin;
    uint32_t rank;
    uint16_t left, right, output;
    nn_pair_axis axes[];
} integer;

typedef struct {
    int32_t builtin;
    const uint8_t *left, *right; // constants need not be aligned
    int32_t *out;
} operands;

// The activation is field 0 of the options of ADD, MUL and DIV; the others have none.
static bool check(nn_build *build, const nn_info info[3]) {
    int32_t builtin = build->node->kind->builtin;
    bool fused = builtin == BUILTIN_ADD || builtin == BUILTIN_MUL || builtin == BUILTIN_DIV;
    if (info[0].type != NN_INT32 || info[1].type != NN_INT32 || info[2].type != NN_INT32) {
        return nn_unsupported(build, "int32 together with other types");
    }
    return !fused || nn_fb_byte_field(&build->model->file, build->options, ADD_ACTIVATION, ACTIVATION_NONE) == 0 ||
           nn_unsupported(build, "fused activation of int32");
}

static bool prepare(nn_build *build) {
    nn_info info[3]; // left, right, output
    nn_box box;
    if (!nn_read_broadcast(build, &info[0], &info[1], &info[2], &box) || !check(build, info)) {
        return false;
    }
    integer *params = nn_take(build, sizeof *params + box.rank * sizeof *params->axes);
    if (params == NULL) {
        return nn_measuring(build);
    }
    build->node->params = params;
    params->builtin = build->node->kind->builtin;
    params->rank = box.rank;
    params->left = info[0].index;
    params->right = info[1].index;
    params->output = info[2].index;
    memcpy(params->axes, box.axis, box.rank * sizeof *params->axes);
    return true;
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
    const operands *own = context;
    for (uint32_t i = 0; i < at->count; i++) {
        int32_t a = nn_load_i32(own->left + 4 * (ptrdiff_t)(at->a + (int32_t)i * at->step_a));
        int32_t b = nn_load_i32(own->right + 4 * (ptrdiff_t)(at->b + (int32_t)i * at->step_b));
        own->out[at->done + i] = combine(own->builtin, a, b);
    }
}

static bool run(nn_model *model, const nn_node *node) {
    const integer *params = node->params;
    const operands own = {params->builtin, nn_data(model, params->left), nn_data(model, params->right),
                          (int32_t *)(void *)nn_data(model, params->output)};
    return nn_run_rows(model, params->axes, params->rank, run_row, &own);
}

const nn_operator nn_add_int32 = {BUILTIN_ADD, OPTIONS_ADD, 2, 2, "ADD", prepare, run};
const nn_operator nn_mul_int32 = {BUILTIN_MUL, OPTIONS_MUL, 2, 2, "MUL", prepare, run};
const nn_operator nn_div_int32 = {BUILTIN_DIV, OPTIONS_DIV, 2, 2, "DIV", prepare, run};
const nn_operator nn_minimum_int32 = {BUILTIN_MINIMUM, OPTIONS_MAXIMUM_MINIMUM, 2, 2, "MINIMUM", prepare, run};
const nn_operator nn_maximum_int32 = {BUILTIN_MAXIMUM, OPTIONS_MAXIMUM_MINIMUM, 2, 2, "MAXIMUM", prepare, run};
