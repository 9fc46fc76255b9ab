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

static bool describe_constant(nn_build *build, const nn_table *tensor, nn_record *to, uint32_t *room) {
    nn_fb *file = &build->model->file;
    uint32_t index = (uint32_t)nn_fb_int_field(file, tensor, TENSOR_BUFFER, 0);
    if (index >= build->model->buffers.count) {
        return nn_refuse(build, NN_WHY_TENSOR_NAMES_BUFFER_NOT_EXIST);
    }
    const nn_table table = nn_fb_element(file, &build->model->buffers, index);
    const nn_vector data = nn_fb_vector(file, &table, BUFFER_DATA, 1);
    to->place = data.at;
    to->type |= data.count ? NN_RECORD_CONSTANT : 0;
    *room = data.count;
    return !nn_fb_field(file, &table, BUFFER_OFFSET, 8) || nn_refuse(build, NN_WHY_TENSOR_DATA_OUTSIDE_FLATBUFFER);
}

static bool describe_zero_points(nn_build *build, nn_vector points, nn_record *to) {
    for (uint32_t i = 0; i < points.count; i++) {
        int64_t value = nn_load_i64(build->model->file.data + points.at + 8 * i);
        if (value != (int16_t)value) {
            return nn_refuse(build, NN_WHY_ZERO_POINT_OUTSIDE_RANGE_TYPE);
        }
        if (i > 0 && value != to->zero_point) {
            return nn_refuse(build, NN_WHY_CHANNELS_DIFFERENT_ZERO_POINTS);
        }
        to->zero_point = (int16_t)value;
    }
    return true;
}

static bool describe_quantisation(nn_build *build, const nn_table *tensor, nn_record *to) {
    nn_fb *file = &build->model->file;
    const nn_table table = nn_fb_child(file, tensor, TENSOR_QUANTIZATION);
    nn_vector scales = nn_fb_vector(file, &table, QUANT_SCALE, 4);
    nn_vector points = nn_fb_vector(file, &table, QUANT_ZERO_POINT, 8);
    uint32_t axis = (uint32_t)nn_fb_int_field(file, &table, QUANT_DIMENSION, 0);
    if (nn_fb_byte_field(file, &table, QUANT_DETAILS_TYPE, 0)) {
        return nn_refuse(build, NN_WHY_CUSTOM_QUANTISATION);
    }
    if (scales.count == 0 || (to->type & NN_RECORD_LOW) == NN_FLOAT32) {
        return true;
    }
    if (points.count != 0 && points.count != scales.count) {
        return nn_refuse(build, NN_WHY_COUNTS_SCALES_ZERO_POINTS_DIFFER);
    }
    if (scales.count > 1) {
        if (axis >= to->rank || scales.count != (uint32_t)nn_load_i32(file->data + to->shape + 4 * axis)) {
            return nn_refuse(build, NN_WHY_COUNT_SCALES_NOT_COUNT_CHANNELS);
        }
        to->rank |= (uint8_t)(axis << 4);
        to->type |= NN_RECORD_CHANNELS;
    }
    to->scales = scales.at;
    return describe_zero_points(build, points, to);
}

// What the flatbuffer says of a tensor, in the way of the plan; and how many bytes it has for a constant.
static bool describe(nn_build *build, uint32_t index, nn_record *to, uint32_t *room) {
    nn_fb *file = &build->model->file;
    memset(to, 0, sizeof *to);
    const nn_table table = nn_fb_element(file, &build->model->tensors, index);
    const nn_vector shape = nn_fb_vector(file, &table, TENSOR_SHAPE, 4);
    const uint8_t type = nn_fb_byte_field(file, &table, TENSOR_TYPE, NN_FLOAT32);
    to->shape = shape.at;
    to->rank = (uint8_t)shape.count;
    to->type = type | (nn_fb_byte_field(file, &table, TENSOR_IS_VARIABLE, 0) ? NN_RECORD_VARIABLE : 0);
    if (shape.count > NN_MAX_RANK || type > NN_RECORD_LOW) {
        return nn_refuse(build,
                         type > NN_RECORD_LOW ? NN_WHY_TENSOR_TYPE_UNSUPPORTED : NN_WHY_TENSOR_MORE_6_DIMENSIONS);
    }
    if (nn_fb_field(file, &table, TENSOR_SPARSITY, 4)) {
        return nn_refuse(build, NN_WHY_SPARSE_TENSOR);
    }
    if (!describe_constant(build, &table, to, room) || (!build->plain && !describe_quantisation(build, &table, to))) {
        return false;
    }
    return !file->bad || nn_refuse(build, NN_WHY_TENSOR_REACHES_OUTSIDE_FILE);
}

// How many bytes of the file lie from a position on.
static uint32_t bytes_from(const nn_build *build, uint32_t at) {
    const uint32_t size = build->model->file.size;
    return at < size ? size - at : 0;
}

static bool check_shape(nn_build *build, const nn_record *from, nn_info *info) {
    const uint8_t type = from->type & NN_RECORD_LOW, rank = from->rank & NN_RECORD_LOW;
    const uint32_t element = nn_element_bytes(type), at = from->shape;
    uint32_t bytes = element, i = 0;
    if (element == 0) {
        return nn_refuse(build, NN_WHY_TENSOR_TYPE_UNSUPPORTED);
    }
    if (rank > NN_MAX_RANK) {
        return nn_refuse(build, NN_WHY_TENSOR_MORE_6_DIMENSIONS);
    }
    if (bytes_from(build, at) < 4u * rank) {
        return nn_refuse(build, NN_WHY_TENSOR_REACHES_OUTSIDE_FILE);
    }
    info->shape[0] = info->shape[1] = info->shape[2] = info->shape[3] = info->shape[4] = info->shape[5] = 0;
    for (const uint8_t *size_at = build->model->file.data + at; i < rank; i++, size_at += 4) {
        const int32_t size = info->shape[i] = nn_load_i32(size_at);
        if (size < 1) {
            return nn_refuse(build, NN_WHY_DIMENSION_BELOW_1);
        }
        if ((uint32_t)size > NN_MAX_TENSOR_BYTES / bytes) {
            return nn_refuse(build, NN_WHY_TENSOR_OF_16_MIB);
        }
        bytes *= (uint32_t)size;
    }
    info->type = type;
    info->rank = rank;
    info->bytes = bytes;
    info->count = bytes / element;
    return true;
}

static bool zero_point_fits(uint8_t type, int32_t value) {
    switch (type) {
    case NN_INT8:
        return value == (int8_t)value;
    case NN_UINT8:
        return value == (uint8_t)value;
    default:
        return value == 0 || type == NN_INT16;
    }
}

static bool check_quantisation(nn_build *build, const nn_record *from, nn_info *info) {
    info->scales.at = from->scales;
    info->scales.count = 1;
    info->channel_axis = from->rank >> 4;
    info->zero_point = from->zero_point;
    if (from->type & NN_RECORD_CHANNELS) {
        if (info->channel_axis >= info->rank) {
            return nn_refuse(build, NN_WHY_COUNT_SCALES_NOT_COUNT_CHANNELS);
        }
        info->scales.count = (uint32_t)info->shape[info->channel_axis];
    }
    if (bytes_from(build, info->scales.at) / 4 < info->scales.count) {
        return nn_refuse(build, NN_WHY_TENSOR_REACHES_OUTSIDE_FILE);
    }
    info->scale = nn_load_f32(build->model->file.data + info->scales.at);
    if (!nn_scale_valid(info->scale)) {
        return nn_refuse(build, NN_WHY_SCALE_NOT_POSITIVE_FINITE_NUMBER);
    }
    return zero_point_fits(info->type, info->zero_point) || nn_refuse(build, NN_WHY_ZERO_POINT_OUTSIDE_RANGE_TYPE);
}

// Loading takes a time in proportion to the file, even when many operators name the same large constant.
static bool count_read(nn_build *build, const nn_info *info) {
    uint32_t bytes = 4 * info->scales.count + (info->constant ? info->bytes : 0);
    if (bytes > build->reads_left) {
        return nn_refuse(build, NN_WHY_CONSTANTS_READ_TOO_OFTEN);
    }
    build->reads_left -= bytes;
    return true;
}

// `room`: how many bytes the file has for a constant.
static bool check(nn_build *build, const nn_record *from, uint32_t room, nn_info *info) {
    const nn_vector none = {0, 0};
    if (!check_shape(build, from, info)) {
        return false;
    }
    info->variable = (from->type & NN_RECORD_VARIABLE) != 0;
    info->constant = NULL;
    if (from->type & NN_RECORD_CONSTANT) {
        if (room < info->bytes) {
            return nn_refuse(build, NN_WHY_BUFFER_SHORTER_THAN_TENSOR);
        }
        info->constant = build->model->file.data + from->place;
    }
    info->scales = none;
    info->scale = 0;
    info->channel_axis = info->zero_point = 0;
    if (from->scales && !build->plain && info->type != NN_FLOAT32 && !check_quantisation(build, from, info)) {
        return false;
    }
    return count_read(build, info);
}

bool nn_read_tensor(nn_build *build, int32_t index, nn_info *info) {
    nn_record own;
    uint32_t room = 0;
    if (build->output.count != 0 && build->output.index == index) {
        *info = build->output;
        return true;
    }
    if ((uint32_t)index >= build->model->tensors.count) {
        return nn_refuse(build, NN_WHY_TENSOR_INDEX_OUT_OF_RANGE);
    }
    info->index = (uint16_t)index;
    if (NN_READS_UNPACKED && build->records == NULL) {
        return describe(build, (uint32_t)index, &own, &room) && check(build, &own, room, info);
    }
    own = build->records[index];
    return check(build, &own, bytes_from(build, own.place), info);
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
    build->wrote = count == 1;
    if (slot == 0) {
        build->node->output = info->index;
    }
    return nn_note_written(build, info);
}
