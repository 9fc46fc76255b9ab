// SPDX-License-Identifier: Apache-2.0
// Finds how long each tensor lives and where it lies, so that tensors that never live together share memory. Largest
// first, each at the lowest free place; a reshaped tensor is a view of its source.
#include "schema.h"
#include "tensor.h"

#define NOT_PLACED UINT32_MAX

static uint32_t aligned(uint32_t bytes) {
    return (bytes + NN_ALIGN - 1) & ~(uint32_t)(NN_ALIGN - 1);
}

static void start(nn_model *model) {
    for (uint32_t i = 0; i < model->tensors.count; i++) {
        nn_place *place = &model->places[i];
        place->first = NN_NOT_USED;
        place->root = (uint16_t)i;
    }
}

static bool write_tensor(nn_build *build, int32_t index, uint32_t when) {
    nn_info info;
    if (!nn_read_tensor(build, index, &info)) {
        return false;
    }
    nn_place *place = &build->model->places[info.index];
    if (info.constant || place->first != NN_NOT_USED) {
        return nn_malformed(build, info.constant ? "constant tensor is written" : "tensor is written twice");
    }
    place->bytes = aligned(info.bytes);
    place->offset = NOT_PLACED;
    place->first = place->last = (uint16_t)when;
    return true;
}

static bool read_tensor(nn_build *build, int32_t index, uint32_t when) {
    nn_info info;
    if (!nn_read_tensor(build, index, &info)) {
        return false;
    }
    nn_place *place = &build->model->places[info.index];
    if (info.constant) {
        place->offset = (uint32_t)(info.constant - build->model->file.data);
        return true;
    }
    if (place->first == NN_NOT_USED) {
        return nn_malformed(build, "tensor is read before it is written");
    }
    place->last = (uint16_t)when;
    return true;
}

static bool read_operator_inputs(nn_build *build, nn_table table, uint32_t when) {
    nn_fb *file = &build->model->file;
    nn_vector inputs = nn_fb_vector(file, table, OPERATOR_INPUTS, 4);
    for (uint32_t i = 0; i < inputs.count; i++) {
        int32_t tensor = nn_fb_int_element(file, inputs, i);
        if (tensor != -1 && !read_tensor(build, tensor, when)) {
            return false;
        }
    }
    return true;
}

static bool follow_operators(nn_build *build) {
    nn_model *model = build->model;
    for (uint32_t i = 0; i < model->operators.count; i++) {
        nn_table table = nn_fb_element(&model->file, model->operators, i);
        nn_vector outputs = nn_fb_vector(&model->file, table, OPERATOR_OUTPUTS, 4);
        build->error->operator_index = (int32_t)i;
        build->error->builtin = model->nodes[i].kind->builtin;
        build->error->name = model->nodes[i].kind->name;
        if (!read_operator_inputs(build, table, i) ||
            !write_tensor(build, nn_fb_int_element(&model->file, outputs, 0), i)) {
            return false;
        }
    }
    build->error->operator_index = build->error->builtin = -1;
    build->error->name = NULL;
    return true;
}

static bool find_lifetimes(nn_build *build) {
    nn_model *model = build->model;
    for (uint32_t i = 0; i < model->inputs.count; i++) {
        if (!write_tensor(build, nn_fb_int_element(&model->file, model->inputs, i), 0)) {
            return false;
        }
    }
    if (!follow_operators(build)) {
        return false;
    }
    for (uint32_t i = 0; i < model->outputs.count; i++) {
        int32_t tensor = nn_fb_int_element(&model->file, model->outputs, i);
        if (!read_tensor(build, tensor, model->operators.count)) {
            return false;
        }
        if (model->places[tensor].first == NN_NOT_USED) {
            return nn_malformed(build, "output of the graph is a constant");
        }
    }
    return true;
}

// In the order of the operators, so that a view of a view finds the first source.
static void share_views(nn_model *model) {
    for (uint32_t i = 0; i < model->operators.count; i++) {
        if (model->nodes[i].kind->builtin != BUILTIN_RESHAPE) {
            continue;
        }
        nn_table table = nn_fb_element(&model->file, model->operators, i);
        int32_t from = nn_fb_int_element(&model->file, nn_fb_vector(&model->file, table, OPERATOR_INPUTS, 4), 0);
        int32_t to = nn_fb_int_element(&model->file, nn_fb_vector(&model->file, table, OPERATOR_OUTPUTS, 4), 0);
        nn_place *source = &model->places[from];
        if (source->first == NN_NOT_USED) {
            continue; // a constant: copied
        }
        nn_place *view = &model->places[to];
        nn_place *root = &model->places[source->root];
        view->root = source->root;
        root->last = view->last > root->last ? view->last : root->last;
    }
}

// Lowest offset where `bytes` bytes are free from operator `first` to `last`, among the tensors placed so far.
static uint64_t lowest_free(const nn_model *model, uint32_t placed, uint32_t bytes, uint32_t first, uint32_t last) {
    uint64_t offset = 0;
    for (uint32_t i = 0; i < placed; i++) {
        const nn_place *other = &model->places[model->places[i].order];
        if (other->first > last || other->last < first) {
            continue;
        }
        if (other->offset >= offset + bytes) {
            break; // they are sorted by offset: the gap before this one is large enough
        }
        uint64_t end = (uint64_t)other->offset + other->bytes;
        offset = end > offset ? end : offset;
    }
    return offset;
}

static bool reserve(nn_build *build, uint64_t offset, uint32_t bytes) {
    if (offset + bytes > NN_MAX_BLOCK) {
        return nn_fail(build, NN_TOO_LARGE, "activations need more than 64 MiB");
    }
    if (offset + bytes > build->model->activation_bytes) {
        build->model->activation_bytes = (uint32_t)offset + bytes;
    }
    return true;
}

static nn_place *largest_left(nn_model *model) {
    nn_place *largest = NULL;
    for (uint32_t i = 0; i < model->tensors.count; i++) {
        nn_place *place = &model->places[i];
        bool open = place->first != NN_NOT_USED && place->root == i && place->offset == NOT_PLACED;
        if (open && (largest == NULL || place->bytes > largest->bytes)) {
            largest = place;
        }
    }
    return largest;
}

static void insert_by_offset(nn_model *model, uint32_t placed, const nn_place *place) {
    uint32_t at = placed;
    for (; at > 0 && model->places[model->places[at - 1].order].offset > place->offset; at--) {
        model->places[at].order = model->places[at - 1].order;
    }
    model->places[at].order = (uint16_t)(place - model->places);
}

static bool place_tensors(nn_build *build, uint32_t *placed) {
    nn_model *model = build->model;
    nn_place *place;
    for (*placed = 0; (place = largest_left(model)) != NULL; ++*placed) {
        uint64_t offset = lowest_free(model, *placed, place->bytes, place->first, place->last);
        if (!reserve(build, offset, place->bytes)) {
            return false;
        }
        place->offset = (uint32_t)offset;
        insert_by_offset(model, *placed, place);
    }
    for (uint32_t i = 0; i < model->tensors.count; i++) {
        nn_place *view = &model->places[i];
        if (view->root != i) {
            view->offset = model->places[view->root].offset;
        }
    }
    return true;
}

bool nn_plan(nn_build *build) {
    nn_model *model = build->model;
    uint32_t placed;
    start(model);
    if (!find_lifetimes(build)) {
        return false;
    }
    share_views(model);
    if (!place_tensors(build, &placed)) {
        return false;
    }
    for (uint32_t i = 0; i < model->operators.count; i++) {
        nn_node *node = &model->nodes[i];
        if (node->scratch_bytes == 0) {
            continue;
        }
        uint32_t bytes = aligned(node->scratch_bytes);
        uint64_t offset = lowest_free(model, placed, bytes, i, i);
        if (!reserve(build, offset, bytes)) {
            return false;
        }
        node->scratch = (uint32_t)offset;
    }
    return true;
}
