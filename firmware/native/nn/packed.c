// SPDX-License-Identifier: Apache-2.0
#include "packed.h"
#include "scale.h"
#include "schema.h"

static void note(nn_build *build, nn_reason reason) {
    build->plan.count = 0;
    build->model->plan_note = reason;
}

static uint32_t word(const nn_build *build, uint32_t at) {
    uint32_t value;
    memcpy(&value, build->model->file.data + build->plan.at + at, sizeof value);
    return value;
}

static bool is_plan(nn_fb *file, const nn_table *entry) {
    nn_vector name = nn_fb_vector(file, entry, METADATA_NAME, 1);
    return !file->bad && name.count == sizeof NN_PLAN_NAME - 1 &&
           memcmp(file->data + name.at, NN_PLAN_NAME, name.count) == 0;
}

static nn_vector find(nn_build *build, const nn_table *root) {
    const nn_vector none = {0, 0};
    nn_fb *file = &build->model->file;
    nn_vector entries = nn_fb_vector(file, root, MODEL_METADATA, 4);
    for (uint32_t i = 0; i < entries.count && i < NN_PLAN_MOST_OTHERS; i++) {
        nn_table entry = nn_fb_element(file, entries, i);
        if (is_plan(file, &entry)) {
            uint32_t buffer = (uint32_t)nn_fb_int_field(file, &entry, METADATA_BUFFER, 0);
            const nn_table data = nn_fb_element(file, build->model->buffers, buffer);
            return nn_fb_vector(file, &data, BUFFER_DATA, 1);
        }
    }
    return none;
}

static nn_reason fault(const nn_build *build) {
    const nn_model *model = build->model;
    const uint8_t *plan = model->file.data + build->plan.at;
    if (build->plan.count < NN_PLAN_HEAD || memcmp(plan, "MPLN", 4) != 0 || word(build, 8) > build->plan.count) {
        return NN_WHY_PLAN_DAMAGED;
    }
    if (word(build, 4) != NN_PLAN_VERSION) {
        return NN_WHY_PLAN_OF_ANOTHER_VERSION;
    }
    if (word(build, 12) != model->tensors.count || word(build, 16) != model->operators.count ||
        word(build, 8) < NN_PLAN_HEAD + 4 * (model->tensors.count + model->operators.count)) {
        return NN_WHY_PLAN_OF_ANOTHER_MODEL;
    }
    return (uintptr_t)plan % 4 ? NN_WHY_PLAN_NOT_ALIGNED : NN_WHY_NOT;
}

void nn_find_plan(nn_build *build) {
    nn_fb *file = &build->model->file;
    const nn_table root = nn_fb_root(file);
    build->plan = find(build, &root);
    if (file->bad) { // the model itself may be well
        file->bad = false;
        note(build, NN_WHY_METADATA_DAMAGED);
    } else if (build->plan.count == 0) {
        note(build, NN_WHY_NO_PLAN);
    } else if (fault(build) != NN_WHY_NOT) {
        note(build, fault(build));
    }
}

uint32_t nn_planned_offset(const nn_build *build, uint32_t tensor) {
    return word(build, NN_PLAN_HEAD + 4 * tensor);
}

const uint8_t *nn_planned_channels(const nn_build *build, uint32_t count) {
    if (build->plan.count == 0 || count < 2) {
        return NULL;
    }
    uint32_t at = word(build, NN_PLAN_HEAD + 4 * (build->model->tensors.count + build->index));
    if (at == 0 || at % 4 || at > build->plan.count || (build->plan.count - at) / 5 < count) {
        return NULL;
    }
    return build->model->file.data + build->plan.at + at;
}

// The first factor tells a plan of another model, as far as that can be told in short.
static bool first_fits(const nn_build *build, const nn_layer *layer, nn_scale first) {
    float scale = nn_load_f32(build->model->file.data + layer->weights.scales.at);
    nn_scale own = nn_scale_ratio(layer->input.scale, scale, layer->output.scale);
    return own.multiplier == first.multiplier && own.shift == first.shift;
}

bool nn_check_channels(nn_build *build, const nn_layer *layer) {
    uint32_t count = layer->weights.scales.count;
    const uint8_t *multipliers = nn_planned_channels(build, count);
    if (multipliers == NULL) {
        return false;
    }
    const int8_t *shifts = (const int8_t *)multipliers + 4 * (size_t)count;
    int32_t signs = 0;
    const uint8_t *at = multipliers, *end = (const uint8_t *)shifts;
    for (; end - at >= 16; at += 16) {
        signs |= nn_load_i32(at) | nn_load_i32(at + 4) | nn_load_i32(at + 8) | nn_load_i32(at + 12);
    }
    for (; at != end; at += 4) {
        signs |= nn_load_i32(at);
    }
    build->fast = nn_shifts_fast(shifts, count);
    const nn_scale first = {nn_load_i32(multipliers), shifts[0]};
    if (signs < 0 || (!build->fast && !nn_shifts_within(shifts, count, -31, NN_SHIFT_MAX)) ||
        !first_fits(build, layer, first)) {
        note(build, NN_WHY_PLAN_WITH_OTHER_FACTORS);
    }
    return build->plan.count > 0;
}
