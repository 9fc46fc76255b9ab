// SPDX-License-Identifier: Apache-2.0
// FULLY_CONNECTED: the input as rows of `depth` values, each times the weight matrix.
#include "dense.h"
#include "registry.h"
#include "schema.h"

typedef struct {
    nn_dense dense;
    uint32_t batches;
    uint32_t batches_per_step;
} fully_connected;

static bool check(nn_build *build, const nn_info *input, const nn_info *weights, const nn_info *output) {
    if (nn_option_byte(build, FULLY_CONNECTED_WEIGHTS_FORMAT, 0)) {
        return nn_refuse(build, NN_WHY_SHUFFLED_WEIGHTS);
    }
    if (weights->rank != 2 || input->count % (uint32_t)weights->shape[1] != 0 || output->rank == 0 ||
        output->shape[output->rank - 1] != weights->shape[0] ||
        input->count / (uint32_t)weights->shape[1] != output->count / (uint32_t)weights->shape[0]) {
        return nn_refuse(build, NN_WHY_WEIGHTS_NOT_FIT_INPUT_OUTPUT);
    }
    return true;
}

static bool prepare(nn_build *build) {
    nn_layer layer;
    fully_connected own;
    layer.step = 1;
    layer.activation = FULLY_CONNECTED_ACTIVATION;
    if (!nn_read_layer(build, 0, 1, &layer) || !check(build, &layer.input, &layer.weights, &layer.output)) {
        return false;
    }
    layer.rows = (uint32_t)layer.weights.shape[0];
    own.batches = layer.output.count / layer.rows;
    own.batches_per_step = nn_items_per_step(layer.weights.count);
    return nn_check_weights(build, &layer, 0) && nn_keep_layer(build, &layer, &own.dense, sizeof own);
}

static bool run(nn_model *model, const nn_node *node) {
    const fully_connected *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, node->input);
    int8_t *out = (int8_t *)nn_data(model, node->output);
    for (uint32_t i = 0; i < params->batches; i++) {
        if (!nn_step_each(model, i, params->batches_per_step)) {
            return false;
        }
        nn_dense_column(&params->dense, input, out);
        input += params->dense.depth;
        out += params->dense.rows;
    }
    return true;
}

const nn_operator nn_fully_connected = {
    BUILTIN_FULLY_CONNECTED, OPTIONS_FULLY_CONNECTED, 2, 3, NN_NAME("FULLY_CONNECTED"), prepare, run};
