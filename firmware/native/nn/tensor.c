// SPDX-License-Identifier: Apache-2.0
#include "tensor.h"
#include "packed.h"
#include "scale.h"
#include "schema.h"

uint32_t nn_element_bytes(uint8_t type) {
    switch (type) {
    case NN_INT8:
    case NN_UINT8:
    case NN_BOOL:
        return 1;
    case NN_INT16:
        return 2;
    case NN_INT32:
    case NN_UINT32:
    case NN_FLOAT32:
        return 4;
    case NN_INT64:
    case NN_UINT64:
        return 8;
    default:
        return 0;
    }
}

static bool read_shape(nn_build *build, nn_table table, nn_info *info) {
    nn_fb *file = &build->model->file;
    nn_vector shape = nn_fb_vector(file, table, TENSOR_SHAPE, 4);
    if (shape.count > NN_MAX_RANK) {
        return nn_unsupported(build, "tensor has more than 6 dimensions");
    }
    info->rank = (uint8_t)shape.count;
    info->count = 1;
    uint32_t most = NN_MAX_TENSOR_BYTES / nn_element_bytes(info->type);
    for (uint32_t i = 0; i < shape.count; i++) {
        info->shape[i] = nn_fb_int_element(file, shape, i);
        if (info->shape[i] < 1) {
            return nn_malformed(build, "tensor has a dimension below 1");
        }
        if ((uint32_t)info->shape[i] > most / info->count) {
            return nn_fail(build, NN_TOO_LARGE, "tensor has 16 MiB or more");
        }
        info->count *= (uint32_t)info->shape[i];
    }
    info->bytes = info->count * nn_element_bytes(info->type);
    return true;
}

static bool read_constant(nn_build *build, nn_table table, nn_info *info) {
    nn_fb *file = &build->model->file;
    uint32_t index = (uint32_t)nn_fb_int_field(file, table, TENSOR_BUFFER, 0);
    if (index >= build->model->buffers.count) {
        return nn_malformed(build, "tensor names a buffer that does not exist");
    }
    nn_table buffer = nn_fb_element(file, build->model->buffers, index);
    if (nn_fb_field(file, buffer, BUFFER_OFFSET, 8)) {
        return nn_unsupported(build, "tensor data outside the flatbuffer");
    }
    nn_vector data = nn_fb_vector(file, buffer, BUFFER_DATA, 1);
    if (data.count == 0) {
        return true;
    }
    if (data.count < info->bytes) {
        return nn_malformed(build, "buffer is shorter than its tensor");
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
            return nn_malformed(build, "zero point outside the range of its type");
        }
        if (i > 0 && value != info->zero_point) {
            return nn_unsupported(build, "channels with different zero points");
        }
        info->zero_point = (int32_t)value;
    }
    return true;
}

static bool read_quantisation(nn_build *build, nn_table table, nn_info *info) {
    nn_fb *file = &build->model->file;
    nn_table quantisation = nn_fb_child(file, table, TENSOR_QUANTIZATION);
    nn_vector scales = nn_fb_vector(file, quantisation, QUANT_SCALE, 4);
    nn_vector points = nn_fb_vector(file, quantisation, QUANT_ZERO_POINT, 8);
    int32_t axis = nn_fb_int_field(file, quantisation, QUANT_DIMENSION, 0);
    if (nn_fb_byte_field(file, quantisation, QUANT_DETAILS_TYPE, 0)) {
        return nn_unsupported(build, "custom quantisation");
    }
    if (file->bad || scales.count == 0 || info->type == NN_FLOAT32) {
        return true;
    }
    if (points.count != 0 && points.count != scales.count) {
        return nn_malformed(build, "counts of scales and zero points differ");
    }
    if (scales.count > 1 && (axis < 0 || axis >= info->rank || scales.count != (uint32_t)info->shape[axis])) {
        return nn_malformed(build, "count of scales is not the count of channels");
    }
    bool planned = info->constant != NULL && nn_planned_channels(build, scales.count) != NULL;
    for (uint32_t i = 0; i < (planned ? 1 : scales.count); i++) {
        if (!nn_scale_valid(nn_load_f32(file->data + scales.at + 4 * i))) {
            return nn_malformed(build, "scale is not a positive finite number");
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
           nn_fail(build, NN_TOO_LARGE, "operators read the same constants too often");
}

bool nn_read_tensor(nn_build *build, int32_t index, nn_info *info) {
    nn_fb *file = &build->model->file;
    memset(info, 0, sizeof *info);
    if (index < 0 || (uint32_t)index >= build->model->tensors.count) {
        return nn_malformed(build, "tensor index out of range");
    }
    nn_table table = nn_fb_element(file, build->model->tensors, (uint32_t)index);
    info->index = (uint16_t)index;
    info->type = nn_fb_byte_field(file, table, TENSOR_TYPE, NN_FLOAT32);
    if (nn_element_bytes(info->type) == 0) {
        return nn_unsupported(build, "tensor of a type that is not supported");
    }
    if (nn_fb_child(file, table, TENSOR_SPARSITY).at) {
        return nn_unsupported(build, "sparse tensor");
    }
    info->variable = nn_fb_byte_field(file, table, TENSOR_IS_VARIABLE, 0);
    if (!read_shape(build, table, info) || !read_constant(build, table, info) ||
        !read_quantisation(build, table, info) || !count_read(build, info)) {
        return false;
    }
    return !file->bad || nn_malformed(build, "tensor reaches outside the file");
}

static int32_t input_at(nn_build *build, uint32_t slot) {
    return nn_fb_int_element(&build->model->file, build->inputs, slot);
}

bool nn_read_input(nn_build *build, uint32_t slot, nn_info *info) {
    if (!nn_read_tensor(build, input_at(build, slot), info)) {
        return false;
    }
    if (info->variable) {
        return nn_unsupported(build, "variable tensor that is not the state of its operator");
    }
    return info->constant == NULL || nn_note_constant(build, info);
}

bool nn_read_constant(nn_build *build, uint32_t slot, nn_info *info) {
    if (!nn_read_tensor(build, input_at(build, slot), info)) {
        return false;
    }
    if (info->variable) {
        return nn_unsupported(build, "variable tensor that is not the state of its operator");
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
        return nn_malformed(build, "state that is not a variable tensor without a value");
    }
    return nn_note_variable(build, info);
}

static bool is_absent(nn_build *build, uint32_t slot) {
    return slot >= build->inputs.count || input_at(build, slot) == -1;
}

bool nn_read_optional(nn_build *build, uint32_t slot, nn_info *info) {
    memset(info, 0, sizeof *info);
    return is_absent(build, slot) || nn_read_input(build, slot, info);
}

bool nn_read_optional_constant(nn_build *build, uint32_t slot, nn_info *info) {
    memset(info, 0, sizeof *info);
    return is_absent(build, slot) || nn_read_constant(build, slot, info);
}

bool nn_read_output(nn_build *build, nn_info *info) {
    return nn_read_output_of(build, 1, 0, info);
}

bool nn_read_output_of(nn_build *build, uint32_t count, uint32_t slot, nn_info *info) {
    if (build->outputs.count != count) {
        return nn_malformed(build, "wrong number of outputs");
    }
    return nn_read_tensor(build, nn_fb_int_element(&build->model->file, build->outputs, slot), info) &&
           nn_note_written(build, info);
}
