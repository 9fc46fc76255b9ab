// SPDX-License-Identifier: Apache-2.0
// A loaded model in use: its memory, its operators, inference.
#include "model.h"

static const nn_error no_error = {NN_OK, -1, -1, NULL, ""};

size_t nn_activation_bytes(const nn_model *model) {
    return model->activation_bytes;
}

bool nn_attach(nn_model *model, void *memory, size_t bytes, nn_error *error) {
    *error = no_error;
    if (memory == NULL || (uintptr_t)memory % NN_ALIGN != 0 || bytes < model->activation_bytes) {
        error->status = NN_NO_MEMORY;
        error->reason = bytes < model->activation_bytes ? "the block for the activations is too small"
                                                        : "the block for the activations is not aligned to 8 bytes";
        return false;
    }
    model->activations = memory;
    memset(memory, 0, model->activation_bytes); // a model must not see what was there before
    return true;
}

bool nn_invoke(nn_model *model, uint32_t steps, nn_error *error) {
    *error = no_error;
    if (model->activations == NULL) {
        error->status = NN_NO_MEMORY;
        error->reason = "no block for the activations";
        return false;
    }
    model->steps = steps ? steps : UINT32_MAX;
    model->steps_left = model->steps;
    for (uint32_t i = 0; i < model->operators.count; i++) {
        const nn_node *node = &model->nodes[i];
        if (!node->kind->run(model, node)) {
            bool ended = model->steps_left == 0;
            error->status = ended ? NN_OUT_OF_STEPS : NN_CANCELLED;
            error->reason = ended ? "out of steps" : "cancelled";
            error->operator_index = (int32_t)i;
            error->builtin = node->kind->builtin;
            error->name = node->kind->name;
            return false;
        }
    }
    return true;
}

uint32_t nn_steps_used(const nn_model *model) {
    return model->steps - model->steps_left;
}

uint32_t nn_operators(const nn_model *model) {
    return model->operators.count;
}

const char *nn_operator_name(const nn_model *model, uint32_t index) {
    return model->nodes[index].kind->name;
}
