// SPDX-License-Identifier: Apache-2.0
// Checks that several operators share.
#include "scale.h"
#include "schema.h"
#include "tensor.h"

int32_t nn_option_int(nn_build *build, unsigned field, int32_t fallback) {
    return nn_fb_int_field(&build->model->file, &build->options, field, fallback);
}

uint8_t nn_option_byte(nn_build *build, unsigned field, uint8_t fallback) {
    return nn_fb_byte_field(&build->model->file, &build->options, field, fallback);
}

float nn_option_float(nn_build *build, unsigned field) {
    uint32_t at = nn_fb_field(&build->model->file, &build->options, field, 4);
    return at ? nn_load_f32(build->model->file.data + at) : 0;
}

bool nn_keep(nn_build *build, const void *params, size_t bytes) {
    void *kept = nn_take_params(build, bytes);
    if (kept == NULL) {
        return nn_measuring(build);
    }
    memcpy(kept, params, bytes);
    return true;
}

bool nn_need_quantised(nn_build *build, const nn_info *info) {
    if (info->scales.count != 1) {
        return info->scales.count ? nn_refuse(build, NN_WHY_ACTIVATION_QUANTISED_CHANNEL)
                                  : nn_refuse(build, NN_WHY_ACTIVATION_WITHOUT_SCALE);
    }
    return true;
}

bool nn_need_int8(nn_build *build, const nn_info *info) {
    if (info->type != NN_INT8) {
        return nn_refuse(build, NN_WHY_ACTIVATION_NOT_INT8);
    }
    return nn_need_quantised(build, info);
}

bool nn_both_int8(nn_build *build, const nn_info *a, const nn_info *b) {
    return nn_need_int8(build, a) && nn_need_int8(build, b);
}

bool nn_same_shape(const nn_info *a, const nn_info *b) {
    return a->rank == b->rank && memcmp(a->shape, b->shape, sizeof a->shape) == 0;
}

void nn_overlap_elements(nn_build *build, const nn_info *input, const nn_info *output) {
    if (input->bytes >= output->bytes && input->count == output->count) {
        nn_overlap(build, 0, NN_NEVER);
    }
}

bool nn_read_alike(nn_build *build, nn_info *input, nn_info *output) {
    if (!nn_read_input(build, 0, input) || !nn_read_output(build, output)) {
        return false;
    }
    nn_overlap_elements(build, input, output);
    return nn_same_shape(input, output) || nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_SHAPES);
}

bool nn_need_int16(nn_build *build, const nn_info *info) {
    if (info->type != NN_INT16 || info->zero_point != 0) {
        return info->type == NN_INT16 ? nn_refuse(build, NN_WHY_INT16_ACTIVATION_ZERO_POINT)
                                      : nn_refuse(build, NN_WHY_ACTIVATION_NOT_INT16);
    }
    return nn_need_quantised(build, info);
}

int32_t nn_nhwc(const nn_info *info, int axis) {
    int own = axis - (4 - info->rank);
    return own < 0 ? 1 : info->shape[own];
}

bool nn_read_scale(nn_build *build, float a, float b, float c, nn_scale *scale) {
    if (!nn_scale_valid(b)) { // of a channel: those of tensors are
        return nn_refuse(build, NN_WHY_SCALE_NOT_POSITIVE_FINITE_NUMBER);
    }
    nn_scale_ratio(a, b, c, scale);
    return scale->shift <= NN_SHIFT_MAX || nn_refuse(build, NN_WHY_RATIO_SCALES_TOO_LARGE);
}

// round(value / scale) as the reference does it: in single precision, half away from zero; value is not negative.
static int32_t quantise(float value, float scale) {
    const float limit = 1 << 20; // far beyond any int16 range
    float quotient = value / scale;
    if (!(quotient < limit)) {
        return (int32_t)limit;
    }
    int32_t whole = (int32_t)quotient;
    return whole + (quotient - (float)whole >= 0.5f);
}

bool nn_read_activation(nn_build *build, unsigned field, const nn_info *output, int32_t *low, int32_t *high) {
    uint8_t activation = nn_option_byte(build, field, ACTIVATION_NONE);
    return nn_activation_range(build, activation, output, low, high);
}

bool nn_activation_range(nn_build *build, uint8_t activation, const nn_info *output, int32_t *low, int32_t *high) {
    const int32_t least = output->type == NN_INT16 ? INT16_MIN : INT8_MIN, most = -1 - least;
    const float limit = activation == ACTIVATION_RELU6 ? 6.0f : 1.0f; // of those that have an upper one
    const int32_t zero = output->zero_point, reach = quantise(limit, output->scale);
    *low = least;
    *high = most;
    if (activation != ACTIVATION_NONE) {
        *low = nn_clamp(activation == ACTIVATION_RELU_N1_TO_1 ? zero - reach : zero, least, most);
    }
    if (activation > ACTIVATION_RELU) {
        *high = nn_clamp(zero + reach, least, most);
    }
    return activation <= ACTIVATION_RELU6 || nn_refuse(build, NN_WHY_FUSED_ACTIVATION_NOT_RELU);
}
