// SPDX-License-Identifier: Apache-2.0
// A loaded model in use: memory, inputs, outputs, inference.
#include "schema.h"
#include "tensor.h"

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

uint32_t nn_inputs(const nn_model *model) {
    return model->inputs.count;
}

uint32_t nn_outputs(const nn_model *model) {
    return model->outputs.count;
}

uint32_t nn_operators(const nn_model *model) {
    return model->operators.count;
}

const char *nn_operator_name(const nn_model *model, uint32_t index) {
    return model->nodes[index].kind->name;
}

// Reads a tensor that loading has checked already.
static nn_tensor describe(const nn_model *model, int32_t index) {
    nn_model view = *model;
    nn_error ignored = no_error;
    nn_build build = {.model = &view, .error = &ignored};
    nn_info info;
    nn_read_tensor(&build, index, &info);
    nn_table table = nn_fb_element(&view.file, view.tensors, (uint32_t)index);
    nn_vector name = nn_fb_vector(&view.file, table, TENSOR_NAME, 1);
    nn_tensor tensor = {
        .name = name.count ? (const char *)view.file.data + name.at : "",
        .name_length = name.count,
        .type = (nn_type)info.type,
        .rank = info.rank,
        .scale = info.scale,
        .zero_point = info.zero_point,
        .bytes = info.bytes,
        .data = view.activations ? nn_data(model, info.index) : NULL,
    };
    memcpy(tensor.shape, info.shape, sizeof tensor.shape);
    return tensor;
}

nn_tensor nn_input(const nn_model *model, uint32_t index) {
    nn_fb file = model->file;
    return describe(model, nn_fb_int_element(&file, model->inputs, index));
}

nn_tensor nn_output(const nn_model *model, uint32_t index) {
    nn_fb file = model->file;
    return describe(model, nn_fb_int_element(&file, model->outputs, index));
}

const char *nn_type_name(nn_type type) {
    switch (type) {
    case NN_INT8:
        return "int8";
    case NN_UINT8:
        return "uint8";
    case NN_INT16:
        return "int16";
    case NN_INT32:
        return "int32";
    default:
        return "float32";
    }
}
