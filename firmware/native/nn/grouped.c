// SPDX-License-Identifier: Apache-2.0
// CONV_2D of int8 in groups: each output channel sees a part of the input channels.
#include "dot.h"
#include "registry.h"
#include "schema.h"
#include "wide.h"

typedef struct {
    nn_wide wide;
    nn_dense dense;
} grouped;

static bool prepare(nn_build *build) {
    nn_info info[4]; // input, weights, bias, output
    nn_wide wide;
    uint8_t activation;
    if (!nn_read_wide(build, NN_INT8, NN_INT8, &wide, info, &activation) || !nn_need_int8(build, &info[0]) ||
        !nn_need_int8(build, &info[3])) {
        return false;
    }
    const nn_layer layer = {info[0], info[1], info[2], info[3], (uint32_t)wide.window.out_c, 1, activation};
    if (!nn_check_weights(build, &info[1], &info[2], layer.rows, 0)) {
        return false;
    }
    grouped *params = nn_take(build, sizeof *params + nn_dense_bytes(build, &layer));
    if (params == NULL) {
        return nn_measuring(build);
    }
    build->node->params = params;
    params->wide = wide;
    return nn_fill_dense(build, &params->dense, params + 1, &layer);
}

static void output_of(const nn_wide *wide, const nn_taps *taps, const uint8_t *input, const uint8_t *weights,
                      uint32_t channel, uint8_t *out) {
    const nn_dense *dense = &((const grouped *)(const void *)wide)->dense; // behind its first member
    const nn_channel own = nn_channel_of(dense, channel);
    int32_t sum = nn_bias(dense, channel);
    for (int32_t row = 0; row < taps->rows; row++, input += taps->input_row, weights += taps->weight_row) {
        const int8_t *x = (const int8_t *)input, *w = (const int8_t *)weights;
        for (int32_t column = 0; column < taps->columns; column++) {
            for (int32_t k = 0; k < taps->run; k++) {
                sum += w[k] * (x[k] - dense->input_zero);
            }
            x += taps->input_column;
            w += taps->weight_column;
        }
    }
    *(int8_t *)out = nn_requantize(dense, sum, &own);
}

static bool run(nn_model *model, const nn_node *node) {
    return nn_run_wide(model, node, output_of);
}

const nn_operator nn_conv_grouped = {BUILTIN_CONV_2D, OPTIONS_CONV_2D, 2, 3, "CONV_2D", prepare, run};
