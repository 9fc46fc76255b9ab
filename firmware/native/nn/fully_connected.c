// SPDX-License-Identifier: Apache-2.0
// FULLY_CONNECTED: the input as rows of `depth` values, each times the weight matrix.
#include "dense.h"
#include "registry.h"
#include "schema.h"

typedef struct {
    nn_dense dense;
    uint16_t input, output;
    uint32_t batches;
    uint32_t batches_per_step;
} fully_connected;

static bool check(nn_build *build, const nn_info *input, const nn_info *weights, const nn_info *output) {
    if (!nn_need_int8(build, input) || !nn_need_int8(build, output)) {
        return false;
    }
    if (nn_fb_byte_field(&build->model->file, build->options, FULLY_CONNECTED_WEIGHTS_FORMAT, 0)) {
        return nn_unsupported(build, "shuffled weights");
    }
    if (weights->rank != 2 || input->count % (uint32_t)weights->shape[1] != 0 || output->rank == 0 ||
        output->shape[output->rank - 1] != weights->shape[0] ||
        input->count / (uint32_t)weights->shape[1] != output->count / (uint32_t)weights->shape[0]) {
        return nn_malformed(build, "weights do not fit input and output");
    }
    return true;
}

static bool prepare(nn_build *build) {
    nn_info input, weights, bias, output;
    if (!nn_read_input(build, 0, &input) || !nn_read_input(build, 1, &weights) || !nn_read_optional(build, 2, &bias) ||
        !nn_read_output(build, &output) || !check(build, &input, &weights, &output) ||
        !nn_check_weights(build, &weights, &bias, (uint32_t)weights.shape[0], 0)) {
        return false;
    }
    uint32_t rows = (uint32_t)weights.shape[0];
    fully_connected *params = nn_take(build, sizeof *params + nn_dense_bytes(rows));
    if (params == NULL) {
        return nn_measuring(build);
    }
    nn_dense *dense = &params->dense;
    build->node->params = params;
    params->input = input.index;
    params->output = output.index;
    params->batches = output.count / rows;
    params->batches_per_step = nn_items_per_step(weights.count);
    dense->rows = rows;
    dense->depth = (uint32_t)weights.shape[1];
    const nn_weight_layout layout = {dense->depth, 1};
    return nn_read_activation(build, FULLY_CONNECTED_ACTIVATION, &output, &dense->low, &dense->high) &&
           nn_fill_dense(build, dense, params + 1, &input, &weights, &bias, &output, layout);
}

static bool run(nn_model *model, const nn_node *node) {
    const fully_connected *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, params->input);
    int8_t *out = (int8_t *)nn_data(model, params->output);
    for (uint32_t left = params->batches; left > 0;) {
        uint32_t count = left < params->batches_per_step ? left : params->batches_per_step;
        if (!nn_step(model)) {
            return false;
        }
        nn_dense_run(&params->dense, input, count, out);
        input += count * params->dense.depth;
        out += count * params->dense.rows;
        left -= count;
    }
    return true;
}

const nn_operator nn_fully_connected = {
    BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 2, 3, "FULLY_CONNECTED", prepare, run};
