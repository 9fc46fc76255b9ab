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
    nn_layer layer = {.step = 1, .activation = FULLY_CONNECTED_ACTIVATION};
    if (!nn_read_input(build, 0, &layer.input) || !nn_read_constant(build, 1, &layer.weights) ||
        !nn_read_optional_constant(build, 2, &layer.bias) || !nn_read_output(build, &layer.output) ||
        !check(build, &layer.input, &layer.weights, &layer.output)) {
        return false;
    }
    layer.rows = (uint32_t)layer.weights.shape[0];
    if (!nn_check_weights(build, &layer.weights, &layer.bias, layer.rows, 0)) {
        return false;
    }
    fully_connected *params = nn_take(build, sizeof *params + nn_dense_bytes(build, &layer));
    if (params == NULL) {
        return nn_measuring(build);
    }
    build->node->params = params;
    params->input = layer.input.index;
    params->output = layer.output.index;
    params->batches = layer.output.count / layer.rows;
    params->batches_per_step = nn_items_per_step(layer.weights.count);
    return nn_fill_dense(build, &params->dense, params + 1, &layer);
}

static bool run(nn_model *model, const nn_node *node) {
    const fully_connected *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, params->input);
    int8_t *out = (int8_t *)nn_data(model, params->output);
    for (uint32_t i = 0; i < params->batches; i++) {
        if (i % params->batches_per_step == 0 && !nn_step(model)) {
            return false;
        }
        nn_dense_column(&params->dense, input, out);
        input += params->dense.depth;
        out += params->dense.rows;
    }
    return true;
}

const nn_operator nn_fully_connected = {
    BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 2, 3, "FULLY_CONNECTED", prepare, run};
