// SPDX-License-Identifier: Apache-2.0
#include "tensor.h"
#include "packed.h"
#include "scale.h"
#include "schema.h"

uint32_t nn_element_bytes(uint8_t type) {
    static const uint8_t bytes[] = {
        [NN_INT8] = 1,   [NN_UINT8] = 1,   [NN_BOOL] = 1,  [NN_INT16] = 2,  [NN_INT32] = 4,
        [NN_UINT32] = 4, [NN_FLOAT32] = 4, [NN_INT64] = 8, [NN_UINT64] = 8,
    };
    return type < sizeof bytes ? bytes[type] : 0;
}

static bool read_shape(nn_build *build, uint32_t reference, uint32_t element, nn_info *info) {
    nn_fb *file = &build->model->file;
    nn_vector shape = nn_fb_vector_of(file, reference, 4);
    if (shape.count > NN_MAX_RANK) {
        return nn_refuse(build, NN_WHY_TENSOR_MORE_6_DIMENSIONS);
    }
    const uint32_t most = NN_MAX_TENSOR_BYTES / element;
    uint32_t count = 1;
    for (uint32_t i = shape.count; i < NN_MAX_RANK; i++) {
        info->shape[i] = 0;
        __asm volatile("" ::: "memory"); // a call of memset for them would take longer
    }
    for (uint32_t i = 0; i < shape.count; i++) {
        int32_t size = nn_load_i32(file->data + shape.at + 4 * i);
        if (size < 1) {
            return nn_refuse(build, NN_WHY_DIMENSION_BELOW_1);
        }
        if ((uint64_t)count * (uint32_t)size > most) {
            return nn_refuse(build, NN_WHY_TENSOR_OF_16_MIB);
        }
        count *= (uint32_t)size;
        info->shape[i] = size;
    }
    info->rank = (uint8_t)shape.count;
    info->count = count;
    info->bytes = count * element;
    return true;
}

static bool read_constant(nn_build *build, uint32_t buffer, nn_info *info) {
    static const uint8_t needs[] = {[BUFFER_DATA] = 4, [BUFFER_OFFSET] = 8};
    nn_fb *file = &build->model->file;
    uint32_t index = buffer ? nn_fb_u32(file, buffer) : 0, at[sizeof needs];
    info->constant = NULL;
    if (index >= build->model->buffers.count) {
        return nn_refuse(build, NN_WHY_TENSOR_NAMES_BUFFER_NOT_EXIST);
    }
    const nn_table table = nn_fb_element(file, build->model->buffers, index);
    nn_fb_fields(file, &table, needs, at, sizeof needs);
    if (at[BUFFER_OFFSET]) {
        return nn_refuse(build, NN_WHY_TENSOR_DATA_OUTSIDE_FLATBUFFER);
    }
    nn_vector data = nn_fb_vector_of(file, at[BUFFER_DATA], 1);
    if (data.count == 0) {
        return true;
    }
    if (data.count < info->bytes) {
        return nn_refuse(build, NN_WHY_BUFFER_SHORTER_THAN_TENSOR);
    }
    info->constant = file->data + data.at;
    return true;
}

static bool zero_point_fits(uint8_t type, int64_t value) {
    switch (type) {
    case NN_INT8:
        return value >= -128 && value <= 127;
    case NN_UINT8:
        return value >= 0 && value <= 255;
    case NN_INT16:
        return value >= -32768 && value <= 32767;
    default:
        return value == 0;
    }
}

static bool read_zero_points(nn_build *build, nn_vector points, nn_info *info) {
    for (uint32_t i = 0; i < points.count; i++) {
        int64_t value;
        memcpy(&value, build->model->file.data + points.at + 8 * i, sizeof value);
        if (!zero_point_fits(info->type, value)) {
            return nn_refuse(build, NN_WHY_ZERO_POINT_OUTSIDE_RANGE_TYPE);
        }
        if (i > 0 && value != info->zero_point) {
            return nn_refuse(build, NN_WHY_CHANNELS_DIFFERENT_ZERO_POINTS);
        }
        info->zero_point = (int32_t)value;
    }
    return true;
}

static bool read_quantisation(nn_build *build, uint32_t reference, nn_info *info) {
    static const uint8_t needs[] = {
        [QUANT_SCALE] = 4, [QUANT_ZERO_POINT] = 4, [QUANT_DETAILS_TYPE] = 1, [QUANT_DIMENSION] = 4};
    nn_fb *file = &build->model->file;
    const nn_vector none = {0, 0};
    uint32_t at[sizeof needs];
    info->scales = none;
    info->scale = 0;
    info->channel_axis = info->zero_point = 0;
    if (reference == 0) {
        return true;
    }
    const nn_table table = nn_fb_table_of(file, reference);
    nn_fb_fields(file, &table, needs, at, sizeof needs);
    nn_vector scales = nn_fb_vector_of(file, at[QUANT_SCALE], 4);
    nn_vector points = nn_fb_vector_of(file, at[QUANT_ZERO_POINT], 8);
    int32_t axis = at[QUANT_DIMENSION] ? nn_load_i32(file->data + at[QUANT_DIMENSION]) : 0;
    if (at[QUANT_DETAILS_TYPE] && file->data[at[QUANT_DETAILS_TYPE]]) {
        return nn_refuse(build, NN_WHY_CUSTOM_QUANTISATION);
    }
    if (file->bad || scales.count == 0 || info->type == NN_FLOAT32) {
        return true;
    }
    if (points.count != 0 && points.count != scales.count) {
        return nn_refuse(build, NN_WHY_COUNTS_SCALES_ZERO_POINTS_DIFFER);
    }
    if (scales.count > 1 && (axis < 0 || axis >= info->rank || scales.count != (uint32_t)info->shape[axis])) {
        return nn_refuse(build, NN_WHY_COUNT_SCALES_NOT_COUNT_CHANNELS);
    }
    bool planned = info->constant != NULL && nn_planned_channels(build, scales.count) != NULL;
    for (uint32_t i = 0; i < (planned ? 1 : scales.count); i++) {
        if (!nn_scale_valid(nn_load_f32(file->data + scales.at + 4 * i))) {
            return nn_refuse(build, NN_WHY_SCALE_NOT_POSITIVE_FINITE_NUMBER);
        }
    }
    info->scales = scales;
    info->channel_axis = axis;
    info->scale = nn_load_f32(file->data + scales.at);
    points.count = planned ? 1 : points.count; // the factors are in the plan: the scales are not used
    return read_zero_points(build, points, info);
}

// Loading takes a time in proportion to the file, even when many operators name the same large constant.
static bool count_read(nn_build *build, const nn_info *info) {
    build->read += 4 * (uint64_t)info->scales.count + (info->constant ? info->bytes : 0);
    return build->read <= (uint64_t)NN_MOST_READS * build->model->file.size ||
           nn_refuse(build, NN_WHY_CONSTANTS_READ_TOO_OFTEN);
}

bool nn_read_tensor(nn_build *build, int32_t index, nn_info *info) {
    static const uint8_t needs[] = {
        [TENSOR_SHAPE] = 4,        [TENSOR_TYPE] = 1,        [TENSOR_BUFFER] = 4,
        [TENSOR_QUANTIZATION] = 4, [TENSOR_IS_VARIABLE] = 1, [TENSOR_SPARSITY] = 4,
    };
    nn_fb *file = &build->model->file;
    uint32_t at[sizeof needs];
    if (build->output.count != 0 && build->output.index == index) {
        *info = build->output;
        return true;
    }
    if ((uint32_t)index >= build->model->tensors.count) {
        return nn_refuse(build, NN_WHY_TENSOR_INDEX_OUT_OF_RANGE);
    }
    const nn_table table = nn_fb_element(file, build->model->tensors, (uint32_t)index);
    nn_fb_fields(file, &table, needs, at, sizeof needs);
    info->index = (uint16_t)index;
    info->type = at[TENSOR_TYPE] ? file->data[at[TENSOR_TYPE]] : NN_FLOAT32;
    const uint32_t element = nn_element_bytes(info->type);
    if (element == 0) {
        return nn_refuse(build, NN_WHY_TENSOR_TYPE_UNSUPPORTED);
    }
    if (at[TENSOR_SPARSITY]) {
        return nn_refuse(build, NN_WHY_SPARSE_TENSOR);
    }
    info->variable = at[TENSOR_IS_VARIABLE] && file->data[at[TENSOR_IS_VARIABLE]];
    if (!read_shape(build, at[TENSOR_SHAPE], element, info) || !read_constant(build, at[TENSOR_BUFFER], info) ||
        !read_quantisation(build, build->plain ? 0 : at[TENSOR_QUANTIZATION], info) || !count_read(build, info)) {
        return false;
    }
    return !file->bad || nn_refuse(build, NN_WHY_TENSOR_REACHES_OUTSIDE_FILE);
}

static int32_t input_at(nn_build *build, uint32_t slot) {
    return nn_fb_int_element(&build->model->file, build->inputs, slot);
}

bool nn_read_input(nn_build *build, uint32_t slot, nn_info *info) {
    if (!nn_read_tensor(build, input_at(build, slot), info)) {
        return false;
    }
    if (info->variable) {
        return nn_refuse(build, NN_WHY_VARIABLE_TENSOR_NOT_STATE_OPERATOR);
    }
    if (slot == 0) {
        build->node->input = info->index;
    }
    return info->constant == NULL || nn_note_constant(build, info);
}

bool nn_read_constant(nn_build *build, uint32_t slot, nn_info *info) {
    if (!nn_read_tensor(build, input_at(build, slot), info)) {
        return false;
    }
    if (info->variable) {
        return nn_refuse(build, NN_WHY_VARIABLE_TENSOR_NOT_STATE_OPERATOR);
    }
    if (info->constant != NULL && slot < 32) {
        build->looked |= 1u << slot;
    }
    return true;
}

bool nn_read_variable(nn_build *build, uint32_t slot, nn_info *info) {
    if (!nn_read_tensor(build, input_at(build, slot), info)) {
        return false;
    }
    if (!info->variable || info->constant) {
        return nn_refuse(build, NN_WHY_STATE_NOT_VARIABLE);
    }
    return nn_note_variable(build, info);
}

static bool skip_absent(nn_build *build, uint32_t slot, nn_info *info) {
    if (slot < build->inputs.count && input_at(build, slot) != -1) {
        return false;
    }
    memset(info, 0, sizeof *info);
    return true;
}

bool nn_read_optional(nn_build *build, uint32_t slot, nn_info *info) {
    return skip_absent(build, slot, info) || nn_read_input(build, slot, info);
}

bool nn_read_optional_constant(nn_build *build, uint32_t slot, nn_info *info) {
    return skip_absent(build, slot, info) || nn_read_constant(build, slot, info);
}

bool nn_read_output(nn_build *build, nn_info *info) {
    return nn_read_output_of(build, 1, 0, info);
}

bool nn_read_output_of(nn_build *build, uint32_t count, uint32_t slot, nn_info *info) {
    if (build->outputs.count != count) {
        return nn_refuse(build, NN_WHY_WRONG_NUMBER_OUTPUTS);
    }
    if (!nn_read_tensor(build, nn_fb_int_element(&build->model->file, build->outputs, slot), info)) {
        return false;
    }
    build->output = *info;
    if (slot == 0) {
        build->node->output = info->index;
    }
    return nn_note_written(build, info);
}
