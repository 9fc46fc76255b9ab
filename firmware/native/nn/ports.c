// SPDX-License-Identifier: Apache-2.0
// Inputs and outputs of a model.
#include "schema.h"
#include "tensor.h"

static bool read_port(nn_build *build, int32_t index, nn_tensor *port) {
    nn_info info;
    nn_fb *file = &build->model->file;
    if (!nn_read_tensor(build, index, &info)) {
        return false;
    }
    const nn_table table = nn_fb_element(file, &build->model->tensors, (uint32_t)index);
    nn_vector name = nn_fb_vector(file, &table, TENSOR_NAME, 1);
    port->name = name.count ? (const char *)file->data + name.at : "";
    port->name_length = name.count;
    port->type = (nn_type)info.type;
    port->rank = info.rank;
    memcpy(port->shape, info.shape, sizeof port->shape);
    port->scale = info.scale;
    port->zero_point = info.zero_point;
    port->bytes = info.bytes;
    const nn_place *place = nn_find_place(build->model, info.index);
    if (place == NULL || info.bytes > place->bytes) {
        return nn_refuse(build, NN_WHY_FILE_CHANGES_WHILE_READ);
    }
    port->offset = place->offset;
    return !file->bad || nn_refuse(build, NN_WHY_NAME_TENSOR_REACHES_OUTSIDE_FILE);
}

// Inputs and outputs of the graph, which the planner has checked and placed.
bool nn_read_ports(nn_build *build) {
    nn_model *model = build->model;
    const uint32_t inputs = model->inputs.count, count = inputs + model->outputs.count;
    for (uint32_t i = 0; i < count; i++) {
        const bool output = i >= inputs;
        const nn_vector from = output ? model->outputs : model->inputs;
        if (!read_port(build, nn_fb_int_element(&model->file, from, output ? i - inputs : i), &model->ports[i])) {
            return false;
        }
    }
    return true;
}

uint32_t nn_inputs(const nn_model *model) {
    return model->inputs.count;
}

uint32_t nn_outputs(const nn_model *model) {
    return model->outputs.count;
}

static nn_tensor port(const nn_model *model, uint32_t index) {
    nn_tensor tensor = model->ports[index];
    tensor.data = model->activations ? model->activations + tensor.offset : NULL;
    return tensor;
}

nn_tensor nn_input(const nn_model *model, uint32_t index) {
    return port(model, index);
}

nn_tensor nn_output(const nn_model *model, uint32_t index) {
    return port(model, model->inputs.count + index);
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
    case NN_INT64:
        return "int64";
    case NN_UINT32:
        return "uint32";
    case NN_UINT64:
        return "uint64";
    case NN_BOOL:
        return "bool";
    default:
        return "float32";
    }
}
