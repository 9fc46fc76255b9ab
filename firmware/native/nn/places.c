// SPDX-License-Identifier: Apache-2.0
// The tensors that operators look for while they run, and how long each is needed. Entries lie at the end of the
// tables, sorted by tensor, highest first: there most new ones go, before all others. They are made as operators read
// their inputs and outputs.
#include "schema.h"
#include "tensor.h"

#define RECENT 3u // entries that most searches are for

// Index of the first entry of tensor `tensor` or a lower one.
static uint32_t position(const nn_model *model, uint32_t tensor) {
    uint32_t low = 0, high = model->place_count;
    for (; low < RECENT; low++) {
        if (low == high || model->places[low].tensor <= tensor) {
            return low;
        }
    }
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (model->places[middle].tensor > tensor) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static nn_place *found(const nn_model *model, uint32_t at, uint32_t tensor) {
    return at < model->place_count && model->places[at].tensor == tensor ? &model->places[at] : NULL;
}

nn_place *nn_find_place(const nn_model *model, uint32_t tensor) {
    return found(model, position(model, tensor), tensor);
}

// The entry of a tensor, made when there is none. NULL while measuring, or when there is no room. The block of entries
// grows downwards, so those before a new one move.
static nn_place *find_or_add(nn_build *build, const nn_info *info) {
    nn_model *model = build->model;
    const uint32_t at = nn_measuring(build) ? 0 : position(model, info->index);
    nn_place *place = nn_measuring(build) ? NULL : found(model, at, info->index);
    if (place != NULL || !nn_take_place(build)) {
        return place;
    }
    model->places--;
    model->place_count++;
    for (uint32_t i = 0; i < at; i++) {
        model->places[i] = model->places[i + 1];
    }
    const nn_place fresh = {0, 0, info->index, NN_NOT_USED, NN_NOT_USED, info->index, 0, 0};
    model->places[at] = fresh;
    return &model->places[at];
}

// Its last use, so far, is the operator itself: it is needed that long even when nobody reads it.
bool nn_note_written(nn_build *build, const nn_info *info) {
    if (info->variable || info->constant) {
        return nn_refuse(build, info->constant ? NN_WHY_CONSTANT_TENSOR_WRITTEN : NN_WHY_VARIABLE_TENSOR_WRITTEN);
    }
    const uint16_t now = (uint16_t)(build->index + 1);
    const uint32_t before = build->model->place_count;
    nn_place *place = find_or_add(build, info);
    if (place == NULL) {
        return nn_measuring(build);
    }
    if (build->model->place_count == before && place->first != now) {
        return nn_refuse(build, NN_WHY_TENSOR_WRITTEN_TWICE);
    }
    place->bytes = (info->bytes + NN_ALIGN - 1) & ~(uint32_t)(NN_ALIGN - 1);
    place->offset = NN_NOT_PLACED;
    place->first = place->last = now;
    return true;
}

bool nn_note_constant(nn_build *build, const nn_info *info) {
    nn_place *place = find_or_add(build, info);
    if (place == NULL) {
        return nn_measuring(build);
    }
    if (place->first != NN_NOT_USED) {
        return nn_refuse(build, NN_WHY_CONSTANT_TENSOR_WRITTEN);
    }
    place->offset = (uint32_t)(info->constant - build->model->file.data);
    return true;
}

bool nn_note_variable(nn_build *build, const nn_info *info) {
    const uint32_t before = build->model->place_count;
    if (find_or_add(build, info) == NULL) {
        return nn_measuring(build);
    }
    return build->model->place_count > before || nn_refuse(build, NN_WHY_VARIABLE_TENSOR_TWO_OPERATORS);
}

static bool note_read(nn_build *build, int32_t tensor) {
    nn_info info;
    nn_place *place = tensor < 0 ? NULL : nn_find_place(build->model, (uint32_t)tensor);
    if (place == NULL) { // the operator did not look at it, or it is the constant of a layer
        return nn_read_tensor(build, tensor, &info) &&
               (info.constant || info.variable || nn_refuse(build, NN_WHY_TENSOR_READ_BEFORE_WRITTEN));
    }
    if (place->first == build->index + 1) {
        return nn_refuse(build, NN_WHY_TENSOR_READ_BEFORE_WRITTEN); // by the operator that writes it
    }
    if (place->first != NN_NOT_USED) {
        place->last = (uint16_t)(build->index + 1);
    }
    return true;
}

static bool note_inputs(nn_build *build) {
    for (uint32_t i = 0; i < build->inputs.count; i++) {
        if (i < 32 && (build->looked & 1u << i)) {
            continue;
        }
        int32_t tensor = nn_fb_int_element(&build->model->file, build->inputs, i);
        if (tensor != -1 && !note_read(build, tensor)) {
            return false;
        }
    }
    return true;
}

// The operator has written each of its outputs, and to none twice: `order` marks them, before the planner has use for
// it.
static bool note_outputs(nn_build *build) {
    for (uint32_t i = build->wrote; i < build->outputs.count; i++) {
        uint32_t tensor = (uint32_t)nn_fb_int_element(&build->model->file, build->outputs, i);
        nn_place *place = nn_find_place(build->model, tensor);
        if (place == NULL || place->first != build->index + 1 || place->order) {
            return nn_refuse(build, NN_WHY_TENSOR_WRITTEN_TWICE);
        }
        place->order = 1;
    }
    return true;
}

// A view lives where its source does.
static void note_view(nn_build *build) {
    const nn_place *source = nn_find_place(build->model, build->node->input);
    nn_place *view = nn_find_place(build->model, build->node->output);
    if (source != NULL && view != NULL && source->first != NN_NOT_USED && source->bytes == view->bytes) {
        view->root = source->root;
    }
}

bool nn_note_operator(nn_build *build) {
    if (!note_inputs(build) || !note_outputs(build)) {
        return false;
    }
    if (nn_is_view(build->node->kind)) {
        note_view(build);
    }
    return true;
}

bool nn_note_inputs(nn_build *build) {
    nn_model *model = build->model;
    for (uint32_t i = 0; i < model->inputs.count; i++) {
        nn_info info;
        if (nn_measuring(build)) { // errors of tensors are better told with the operator that reads them
            nn_take_place(build);
            continue;
        }
        if (!nn_read_tensor(build, nn_fb_int_element(&model->file, model->inputs, i), &info) ||
            !nn_note_written(build, &info)) {
            return false;
        }
        nn_place *place = nn_find_place(model, info.index);
        place->first = place->last = 0;
        build->output = info; // the first operator mostly reads it
    }
    return true;
}

bool nn_note_outputs(nn_build *build) {
    nn_model *model = build->model;
    for (uint32_t i = 0; i < model->outputs.count; i++) {
        nn_info info;
        int32_t tensor = nn_fb_int_element(&model->file, model->outputs, i);
        nn_place *place = nn_find_place(model, (uint32_t)tensor);
        if (place == NULL || place->first == NN_NOT_USED) {
            return nn_read_tensor(build, tensor, &info) &&
                   nn_refuse(build, info.constant ? NN_WHY_OUTPUT_GRAPH_CONSTANT : NN_WHY_TENSOR_READ_BEFORE_WRITTEN);
        }
        place->last = (uint16_t)(model->operators.count + 1);
    }
    return true;
}
