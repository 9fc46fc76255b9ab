// SPDX-License-Identifier: Apache-2.0
// A loaded model in use: its memory, its operators, inference.
#include "tensor.h"

static const nn_error no_error = {NN_OK, -1, -1, NULL, "", 0};

size_t nn_activation_bytes(const nn_model *model) {
    return model->activation_bytes;
}

bool nn_attach(nn_model *model, void *memory, size_t bytes, nn_error *error) {
    *error = no_error;
    if (memory == NULL || (uintptr_t)memory % NN_ALIGN != 0 || bytes < model->activation_bytes) {
        return nn_set_error(error, bytes < model->activation_bytes ? NN_WHY_ACTIVATIONS_BLOCK_TOO_SMALL
                                                                   : NN_WHY_ACTIVATIONS_BLOCK_NOT_ALIGNED);
    }
    model->activations = memory;
    nn_clear(memory, model->activation_bytes); // a model must not see what was there before
    return true;
}

uint8_t *nn_data(const nn_model *model, uint16_t tensor) {
    const nn_place *place = nn_find_place(model, tensor);
    if (place->first == NN_NOT_USED) {
        return (uint8_t *)(uintptr_t)(model->file.data + place->offset); // constants are only ever read
    }
    return model->activations + place->offset;
}

bool nn_step(nn_model *model) {
    if (model->steps_left == 0 || motet_cancel_pending()) {
        return false;
    }
    model->steps_left--;
    return true;
}

bool nn_step_each(nn_model *model, uint32_t index, uint32_t items) {
    return index % items != 0 || nn_step(model);
}

uint32_t nn_items_per_step(uint32_t work) {
    uint32_t items = NN_STEP_WORK / (work ? work : 1);
    return items < 4 ? 4 : items & ~3u;
}

static bool start(nn_model *model, uint32_t steps, nn_error *error) {
    *error = no_error;
    if (model->activations == NULL) {
        return nn_set_error(error, NN_WHY_NO_ACTIVATIONS);
    }
    model->steps = steps ? steps : UINT32_MAX;
    model->steps_left = model->steps;
    return true;
}

static bool run(nn_model *model, uint32_t index, nn_error *error) {
    const nn_node *node = &model->nodes[index];
    if (node->kind->run(model, node)) {
        return true;
    }
    error->operator_index = (int32_t)index;
    error->builtin = node->kind->builtin;
    error->name = node->kind->name;
    return nn_set_error(error, model->steps_left == 0 ? NN_WHY_OUT_OF_STEPS : NN_WHY_CANCELLED);
}

bool nn_invoke(nn_model *model, uint32_t steps, nn_error *error) {
    bool going = start(model, steps, error);
    for (uint32_t i = 0; going && i < model->operators.count; i++) {
        going = run(model, i, error);
    }
    return going;
}

bool nn_profile(nn_model *model, uint32_t steps, nn_clock clock, uint64_t *costs, nn_error *error) {
    bool going = start(model, steps, error);
    for (uint32_t i = 0; going && i < model->operators.count; i++) {
        uint64_t before = clock();
        going = run(model, i, error);
        costs[i] = clock() - before;
    }
    return going;
}

bool nn_remembers(const nn_model *model) {
    return model->states != NULL;
}

void nn_reset(nn_model *model) {
    const size_t head = (sizeof(nn_state) + NN_ALIGN - 1) & ~(size_t)(NN_ALIGN - 1);
    for (nn_state *state = model->states; state != NULL; state = state->next) {
        memset((uint8_t *)state + head, state->fill, state->bytes);
    }
}

const char *nn_plan_note(const nn_model *model) {
    return model->plan_note == NN_WHY_NOT ? NULL : nn_reason_text(model->plan_note);
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
