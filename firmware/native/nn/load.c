// SPDX-License-Identifier: Apache-2.0
// Reads a model file: first to measure it, then again to build its tables.
#include "packed.h"
#include "schema.h"
#include "tensor.h"

static size_t rounded(size_t bytes) {
    return (bytes + NN_ALIGN - 1) & ~(size_t)(NN_ALIGN - 1);
}

static void start_build(nn_build *build, nn_error *error) {
    const nn_error no_error = {NN_OK, -1, -1, NULL, "", 0};
    *error = no_error;
    memset(build, 0, sizeof *build);
    build->error = error;
}

static bool read_header(nn_build *build, const uint8_t *data, size_t size) {
    nn_model *model = build->model;
    nn_fb *file = &model->file;
    if (size > NN_FB_LIMIT) {
        return nn_refuse(build, NN_WHY_FILE_MORE_1_GIB);
    }
    if (size < 16 || memcmp(data + 4, "TFL3", 4) != 0) {
        return nn_refuse(build, NN_WHY_NOT_TENSORFLOW_LITE_MODEL);
    }
    file->data = data;
    file->size = (uint32_t)size;
    build->reads_left = size > UINT32_MAX / NN_MOST_READS ? UINT32_MAX : NN_MOST_READS * (uint32_t)size;
    const nn_table root = nn_fb_root(file);
    if (nn_fb_int_field(file, &root, MODEL_VERSION, 0) != 3 && !file->bad) {
        return nn_refuse(build, NN_WHY_SCHEMA_VERSION_OTHER_3);
    }
    model->codes = nn_fb_vector(file, &root, MODEL_OPERATOR_CODES, 4);
    model->buffers = nn_fb_vector(file, &root, MODEL_BUFFERS, 4);
    const nn_vector graphs = nn_fb_vector(file, &root, MODEL_SUBGRAPHS, 4);
    if (file->bad || graphs.count == 0) {
        return nn_refuse(build, NN_WHY_FILE_TRUNCATED_ROOT_TABLE_DAMAGED);
    }
    if (graphs.count != 1) {
        return nn_refuse(build, NN_WHY_MORE_ONE_SUBGRAPH);
    }
    const nn_table graph = nn_fb_element(file, &graphs, 0);
    for (unsigned field = GRAPH_TENSORS; field <= GRAPH_OPERATORS; field++) {
        model->of_graph[field] = nn_fb_vector(file, &graph, field, 4);
    }
    nn_find_plan(build, &root);
    return true;
}

static bool check_graph(nn_build *build) {
    const nn_model *model = build->model;
    const uint32_t tensors = model->tensors.count, inputs = model->inputs.count, outputs = model->outputs.count;
    if (model->file.bad) {
        return nn_refuse(build, NN_WHY_GRAPH_REACHES_OUTSIDE_FILE);
    }
    if (tensors > NN_MAX_TENSORS || model->operators.count > NN_MAX_OPERATORS) {
        return nn_refuse(build, NN_WHY_MORE_2048_TENSORS_1024_OPERATORS);
    }
    if (inputs == 0 || outputs == 0 || model->operators.count == 0) {
        return nn_refuse(build, NN_WHY_GRAPH_WITHOUT_INPUTS_OUTPUTS_OPERATORS);
    }
    if (inputs > tensors || outputs > tensors) {
        return nn_refuse(build, NN_WHY_GRAPH_MORE_INPUTS_OUTPUTS_TENSORS);
    }
    return NN_READS_UNPACKED || build->records != NULL || nn_refuse(build, NN_WHY_NO_PLAN_THAT_HOLDS);
}

// Of the operator's first input; int8 when there is none, which other checks refuse.
static uint8_t first_type(nn_build *build) {
    nn_fb *file = &build->model->file;
    uint32_t first = build->inputs.count ? (uint32_t)nn_fb_int_element(file, build->inputs, 0) : UINT32_MAX;
    if (first >= build->model->tensors.count) {
        return NN_INT8;
    }
    if (!NN_READS_UNPACKED || build->records != NULL) {
        return build->records[first].type & NN_RECORD_LOW;
    }
    const nn_table tensor = nn_fb_element(file, &build->model->tensors, first);
    return nn_fb_byte_field(file, &tensor, TENSOR_TYPE, NN_FLOAT32);
}

static const nn_operator *find_operator(nn_build *build, uint8_t type, uint32_t index) {
    nn_fb *file = &build->model->file;
    const nn_table code = nn_fb_element(file, &build->model->codes, index);
    const int32_t old = (int8_t)nn_fb_byte_field(file, &code, CODE_DEPRECATED, 0);
    const int32_t builtin = nn_fb_int_field(file, &code, CODE_BUILTIN, 0);
    build->builtin = builtin > old ? builtin : old;
    if (build->builtin != BUILTIN_CUSTOM) {
        return nn_find_operator(build->builtin, type);
    }
    const nn_vector name = nn_fb_vector(file, &code, CODE_CUSTOM, 1);
    return nn_find_custom((const char *)file->data + name.at, name.count);
}

static bool read_code(nn_build *build, uint32_t index) {
    nn_fb *file = &build->model->file;
    if (index >= build->model->codes.count) {
        return nn_refuse(build, NN_WHY_OPERATOR_CODE_NOT_EXIST);
    }
    nn_known *known = &build->known[index % NN_MOST_KNOWN];
    const uint8_t type = first_type(build);
    if (known->kind == NULL || known->code != index || known->type != type) {
        known->kind = find_operator(build, type, index);
        known->code = index;
        known->type = type;
        if (file->bad) {
            build->builtin = -1;
            return nn_refuse(build, NN_WHY_OPERATOR_CODE_REACHES_OUTSIDE_FILE);
        }
    }
    build->node->kind = known->kind;
    return known->kind != NULL || nn_refuse(build, NN_WHY_OPERATOR_UNSUPPORTED);
}

// What the flatbuffer says of an operator. Returns its code and of what kind its options are.
static uint32_t describe(nn_build *build, int *tag) {
    nn_fb *file = &build->model->file;
    const nn_table table = nn_fb_element(file, &build->model->operators, build->index);
    build->inputs = nn_fb_vector(file, &table, OPERATOR_INPUTS, 4);
    build->outputs = nn_fb_vector(file, &table, OPERATOR_OUTPUTS, 4);
    build->options = nn_fb_child(file, &table, OPERATOR_OPTIONS);
    build->custom = nn_fb_vector(file, &table, OPERATOR_CUSTOM_OPTIONS, 1);
    *tag = nn_fb_byte_field(file, &table, OPERATOR_OPTIONS_TYPE, OPTIONS_NONE);
    return (uint32_t)nn_fb_int_field(file, &table, OPERATOR_CODE, 0);
}

static nn_vector tensors_at(nn_fb *file, uint32_t at, uint32_t count) {
    const nn_vector found = {at, count};
    if (at > file->size || (file->size - at) / 4 < count) {
        file->bad = true;
    }
    return found;
}

// The same, of the plan: its options are never those of another kind.
static uint32_t take_planned(nn_build *build) {
    nn_fb *file = &build->model->file;
    const nn_entry *own = &build->entries[build->index];
    build->inputs = tensors_at(file, own->inputs, own->input_count);
    build->outputs = tensors_at(file, own->outputs, own->output_count);
    build->options = nn_fb_table_at(file, own->options);
    return own->code;
}

static bool read_operator(nn_build *build) {
    nn_fb *file = &build->model->file;
    int tag = -1;
    uint32_t code = !NN_READS_UNPACKED || build->entries ? take_planned(build) : describe(build, &tag);
    if (file->bad) {
        return nn_refuse(build, NN_WHY_OPERATOR_REACHES_OUTSIDE_FILE);
    }
    if (!read_code(build, code)) {
        return false;
    }
    const nn_operator *kind = build->node->kind;
    if (build->entries && kind->builtin == BUILTIN_CUSTOM) {
        build->custom = nn_fb_vector_at(file, build->entries[build->index].extra, 1);
    }
    if (build->options.at && tag >= 0 && tag != kind->options) {
        return nn_refuse(build, NN_WHY_OPTIONS_ANOTHER_OPERATOR);
    }
    if (build->inputs.count < kind->inputs_least || build->inputs.count > kind->inputs_most) {
        return nn_refuse(build, NN_WHY_WRONG_NUMBER_INPUTS);
    }
    return true;
}

static bool prepare_operator(nn_build *build, uint32_t index) {
    build->index = index;
    build->builtin = -1;
    build->node = nn_measuring(build) ? &build->measured : &build->model->nodes[index];
    build->node->kind = NULL;
    if (!read_operator(build)) {
        return false;
    }
    nn_overlap(build, NN_NEVER, NN_NEVER);
    build->looked = 0;
    build->wrote = false;
    if (!build->node->kind->prepare(build)) {
        return false;
    }
    if (build->model->file.bad) {
        return nn_refuse(build, NN_WHY_OPTIONS_REACH_OUTSIDE_FILE);
    }
    return nn_measuring(build) || nn_note_operator(build);
}

// Everything except the plan. While measuring, only `used` remains of it.
static bool read_model(nn_build *build, const uint8_t *data, size_t size) {
    nn_model *model = build->model;
    if (!read_header(build, data, size) || !check_graph(build)) {
        return false;
    }
    model->nodes = nn_take(build, model->operators.count * sizeof(nn_node));
    model->ports = nn_take(build, (model->inputs.count + model->outputs.count) * sizeof(nn_tensor));
    if (!nn_measuring(build) && model->ports == NULL) { // the last of the two: it is there when both are
        return false;
    }
    if (!nn_note_inputs(build)) {
        return false;
    }
    for (uint32_t i = 0; i < model->operators.count; i++) {
        if (!prepare_operator(build, i)) {
            return false;
        }
    }
    build->node = NULL;
    return nn_measuring(build) || nn_note_outputs(build);
}

bool nn_measure(const uint8_t *file, size_t size, size_t *table_bytes, nn_error *error) {
    nn_model model = {0};
    nn_build build;
    start_build(&build, error);
    build.model = &model;
    nn_take(&build, sizeof model);
    if (!read_model(&build, file, size)) {
        return false;
    }
    *table_bytes = build.used + rounded(build.places);
    return *table_bytes <= NN_MAX_BLOCK || nn_refuse(&build, NN_WHY_TABLES_NEED_MORE_64_MIB);
}

nn_model *nn_load(const uint8_t *file, size_t size, void *tables, size_t table_bytes, nn_error *error) {
    nn_build build;
    start_build(&build, error);
    if (tables == NULL || (uintptr_t)tables % NN_ALIGN != 0) {
        nn_refuse(&build, NN_WHY_BLOCK_TABLES_NOT_ALIGNED_8_BYTES);
        return NULL;
    }
    build.memory = tables;
    build.room = table_bytes & ~(size_t)(NN_ALIGN - 1);
    nn_clear(tables, build.room);
    nn_model *model = build.model = nn_take(&build, sizeof *model);
    if (model == NULL) {
        return NULL;
    }
    model->places = (nn_place *)(void *)(build.memory + build.room);
    return read_model(&build, file, size) && nn_plan(&build) && nn_read_ports(&build) ? model : NULL;
}
