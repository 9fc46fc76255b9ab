// SPDX-License-Identifier: Apache-2.0
// Checks the weights of a layer and prepares its channels.
#include "dot.h"

#define SMALL_SUM (1 << 30)

bool nn_check_weights(nn_build *build, const nn_info *weights, const nn_info *bias, uint32_t rows, int32_t axis) {
    if (weights->constant == NULL || weights->type != NN_INT8) {
        return nn_unsupported(build, "weights that are not constant int8");
    }
    if (weights->scales.count == 0 || weights->zero_point != 0) {
        return nn_malformed(build, "weights without a scale or with a zero point");
    }
    if (weights->scales.count > 1 && weights->channel_axis != axis) {
        return nn_unsupported(build, "weights quantised along another axis than the output channels");
    }
    if (bias->count == 0) {
        return true;
    }
    if (bias->constant == NULL || bias->type != NN_INT32) {
        return nn_unsupported(build, "bias that is not constant int32");
    }
    return bias->count == rows || nn_malformed(build, "bias does not have one value for each channel");
}

// Sum and sum of magnitudes of one channel's weights; both fit, as a tensor has less than 2^24 elements.
static void sum_weights(const int8_t *from, uint32_t depth, uint32_t step, int32_t *sum, int32_t *magnitude) {
    *sum = *magnitude = 0;
    for (uint32_t k = 0; k < depth; k++, from += step) {
        int32_t weight = *from;
        *sum += weight;
        *magnitude += weight < 0 ? -weight : weight;
    }
}

bool nn_fill_dense(nn_build *build, nn_dense *dense, void *memory, const nn_info *input, const nn_info *weights,
                   const nn_info *bias, const nn_info *output, nn_weight_layout layout) {
    const uint8_t *scales = build->model->file.data + weights->scales.at;
    nn_channel *channels = memory;
    int8_t *shifts = (int8_t *)(channels + dense->rows);
    dense->weights = (const int8_t *)weights->constant;
    dense->channels = channels;
    dense->shifts = shifts;
    dense->zero_point = output->zero_point;
    nn_scale scale = {0, 0};
    for (uint32_t c = 0; c < dense->rows; c++) {
        int32_t sum, magnitude;
        sum_weights(dense->weights + (size_t)c * layout.row, dense->depth, layout.step, &sum, &magnitude);
        if (c == 0 || weights->scales.count > 1) {
            if (!nn_read_scale(build, input->scale, nn_load_f32(scales + 4 * c), output->scale, &scale)) {
                return false;
            }
        }
        int32_t own_bias = bias->count ? nn_load_i32(bias->constant + 4 * c) : 0;
        // |input - zero_point| is at most 255, and so is |input| + |zero_point| in the folded sum, rounded up.
        int64_t largest = (own_bias < 0 ? -(int64_t)own_bias : own_bias) + (int64_t)magnitude * 256;
        if (largest > INT32_MAX) {
            return nn_unsupported(build, "sums that could overflow 32 bits");
        }
        channels[c].multiplier = scale.multiplier;
        channels[c].bias = own_bias - input->zero_point * sum;
        bool fast = largest < SMALL_SUM && scale.shift < 0;
        shifts[c] = (int8_t)(fast ? -scale.shift : scale.shift - NN_SLOW_SHIFT);
    }
    return true;
}
