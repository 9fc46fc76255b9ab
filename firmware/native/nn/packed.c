// SPDX-License-Identifier: Apache-2.0
#include "packed.h"
#include "schema.h"

_Static_assert(sizeof(nn_record) == 16 && sizeof(nn_entry) == 20, "they lie in files");

static uint32_t word(const nn_build *build, uint32_t at) {
    return (uint32_t)nn_load_i32(build->model->file.data + build->plan.at + at);
}

static nn_vector find(nn_build *build, const nn_table *root) {
    nn_fb *file = &build->model->file;
    nn_vector plan = {0, 0}, entries = nn_fb_vector(file, root, MODEL_METADATA, 4);
    for (uint32_t i = 0; i < entries.count && i < NN_PLAN_MOST_OTHERS && plan.count == 0; i++) {
        nn_table entry = nn_fb_element(file, &entries, i);
        nn_vector name = nn_fb_vector(file, &entry, METADATA_NAME, 1);
        if (name.count == sizeof NN_PLAN_NAME - 1 && memcmp(file->data + name.at, NN_PLAN_NAME, name.count) == 0) {
            uint32_t buffer = (uint32_t)nn_fb_int_field(file, &entry, METADATA_BUFFER, 0);
            const nn_table data = nn_fb_element(file, &build->model->buffers, buffer);
            plan = nn_fb_vector(file, &data, BUFFER_DATA, 1);
        }
    }
    return plan;
}

static nn_reason fault(const nn_build *build) {
    const nn_model *model = build->model;
    const uint8_t *plan = model->file.data + build->plan.at;
    if (build->plan.count == 0) {
        return NN_WHY_NO_PLAN;
    }
    if (build->plan.count < NN_PLAN_HEAD || memcmp(plan, "MPLN", 4) != 0 || word(build, 8) > build->plan.count) {
        return NN_WHY_PLAN_DAMAGED;
    }
    if (word(build, 4) != NN_PLAN_VERSION) {
        return NN_WHY_PLAN_OF_ANOTHER_VERSION;
    }
    const uint32_t graph[] = {model->tensors.count, model->operators.count};
    const uint32_t file[] = {build->plan.at, model->file.size};
    const size_t least = NN_PLAN_HEAD + sizeof(nn_record) * graph[0] + sizeof(nn_entry) * graph[1];
    if (memcmp(plan + 12, graph, sizeof graph) != 0 || memcmp(plan + 24, file, sizeof file) != 0 ||
        word(build, 8) < least) {
        return NN_WHY_PLAN_OF_ANOTHER_MODEL;
    }
    return (uintptr_t)plan % 4 ? NN_WHY_PLAN_NOT_ALIGNED : NN_WHY_NOT;
}

void nn_find_plan(nn_build *build, const nn_table *root) {
    nn_model *model = build->model;
    if (model->file.bad || model->tensors.count > NN_MAX_TENSORS || model->operators.count > NN_MAX_OPERATORS) {
        return; // it will not be loaded
    }
    build->plan = find(build, root);
    model->plan_note = model->file.bad ? NN_WHY_METADATA_DAMAGED : fault(build); // the model itself may be well
    model->file.bad = false;
    if (model->plan_note != NN_WHY_NOT) {
        build->plan.count = 0;
        return;
    }
    build->records = (const nn_record *)(const void *)(model->file.data + build->plan.at + NN_PLAN_HEAD);
    build->entries = (const nn_entry *)(const void *)(build->records + model->tensors.count);
}

const int32_t *nn_planned_channels(const nn_build *build, uint32_t count) {
    uint32_t at = build->plan.count && count > 1 ? build->entries[build->index].extra : 0;
    if (at == 0 || at % 4 || at > build->plan.count || (build->plan.count - at) / 5 < count) {
        return NULL;
    }
    return (const int32_t *)(const void *)(build->model->file.data + build->plan.at + at);
}
