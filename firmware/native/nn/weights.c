// SPDX-License-Identifier: Apache-2.0
// Checks the weights of a layer and prepares its factors.
#include "dot.h"
#include "packed.h"
#include "scale.h"

#define SMALL_SUM (1 << 30)

bool nn_read_layer(nn_build *build, uint32_t input, uint32_t weights, nn_layer *layer) {
    uint32_t bias = (input > weights ? input : weights) + 1;
    if (!nn_read_input(build, input, &layer->input)) {
        return false;
    }
    build->node->input = layer->input.index;
    build->plain = true;
    bool found = nn_read_optional_constant(build, bias, &layer->bias);
    build->plain = false;
    return found && nn_read_constant(build, weights, &layer->weights) && nn_read_output(build, &layer->output) &&
           nn_both_int8(build, &layer->input, &layer->output);
}

bool nn_check_weights(nn_build *build, const nn_layer *layer, int32_t axis) {
    const nn_info *weights = &layer->weights, *bias = &layer->bias;
    if (weights->constant == NULL || weights->type != NN_INT8) {
        return nn_refuse(build, NN_WHY_WEIGHTS_NOT_CONSTANT_INT8);
    }
    if (weights->scales.count == 0 || weights->zero_point != 0) {
        return nn_refuse(build, NN_WHY_WEIGHTS_WITHOUT_SCALE_ZERO_POINT);
    }
    if (weights->scales.count > 1 && weights->channel_axis != axis) {
        return nn_refuse(build, NN_WHY_WEIGHTS_QUANTISED_ALONG_ANOTHER_AXIS);
    }
    if (bias->count == 0) {
        return true;
    }
    if (bias->constant == NULL || bias->type != NN_INT32) {
        return nn_refuse(build, NN_WHY_BIAS_NOT_CONSTANT_INT32);
    }
    return bias->count == layer->rows || nn_refuse(build, NN_WHY_BIAS_NOT_ONE_VALUE_CHANNEL);
}

static bool shifts_within(const int8_t *shifts, uint32_t count, int32_t least, int32_t most) {
    while (count > 0 && *shifts >= least && *shifts <= most) {
        shifts++, count--;
    }
    return count == 0;
}

bool nn_shifts_fast(const int8_t *shifts, uint32_t count) {
    const uint32_t high = 0xF0F0F0F0; // four shifts of -16 to -1, as they mostly are, have all of these bits
    const uint32_t *four = (const uint32_t *)(const void *)shifts;
    uint32_t common = high, i = 0;
    for (; i + 16 <= count; i += 16, four += 4) {
        common &= four[0] & four[1] & four[2] & four[3];
    }
    i = common == high ? i : 0;
    return shifts_within(shifts + i, count - i, -NN_FAST_SHIFT, -1);
}

// The operator's channel table in the plan, if it has one. The first that does not hold is the last that is looked at.
static void find_channels(nn_build *build, const nn_layer *layer) {
    const uint32_t count = layer->weights.scales.count;
    build->channels = nn_planned_channels(build, count);
    if (build->channels == NULL) {
        return;
    }
    const int8_t *shifts = (const int8_t *)(build->channels + count);
    build->fast = nn_shifts_fast(shifts, count);
    if (!build->fast && !shifts_within(shifts, count, -31, NN_SHIFT_MAX)) {
        build->channels = NULL;
        build->plan.count = 0;
        build->model->plan_note = NN_WHY_PLAN_WITH_OTHER_FACTORS;
    }
}

// Sum of the magnitudes of one channel's weights; it fits, as a tensor has less than 2^24 elements.
static int32_t magnitude(const nn_dense *dense, uint32_t channel, uint32_t step) {
    const int8_t *from = dense->weights + (step == 1 ? (size_t)channel * dense->depth : channel);
    int32_t sum = 0;
    for (uint32_t k = 0; k < dense->depth; k++, from += step) {
        sum += *from < 0 ? -*from : *from;
    }
    return sum;
}

// Whether each bias is at least -2^29 and below 2^29.
static bool biases_small(const nn_dense *dense) {
    const uint8_t *at = dense->bias;
    uint32_t left = dense->rows;
    if (at == NULL) {
        return true;
    }
    if ((uintptr_t)at % sizeof(int32_t) == 0) {
        const uint32_t eights = left & ~7u;
        if (!nn_all_small((const int32_t *)(const void *)at, eights)) {
            return false;
        }
        at += sizeof(int32_t) * eights;
        left -= eights;
    }
    for (; left > 0; left--, at += sizeof(int32_t)) {
        if ((uint32_t)nn_load_i32(at) + (1u << 29) >= 1u << 30) {
            return false;
        }
    }
    return true;
}

// No sum is larger: |input - zero point| is at most 255. Looks at the weights only when there are that many of them.
static int64_t largest_sum(const nn_dense *dense, uint32_t step) {
    int64_t largest = 0;
    if (dense->depth < 1 << 14 && biases_small(dense)) {
        return SMALL_SUM - 1;
    }
    for (uint32_t c = 0; c < dense->rows; c++) {
        const int64_t bias = nn_bias(dense, c),
                      own = (bias < 0 ? -bias : bias) + (int64_t)magnitude(dense, c, step) * 256;
        largest = own > largest ? own : largest;
    }
    return largest;
}

static bool compute_factors(nn_build *build, int32_t *multipliers, int8_t *shifts, const nn_layer *layer) {
    const uint8_t *scales = build->model->file.data + layer->weights.scales.at;
    for (uint32_t c = 0; c < layer->weights.scales.count; c++) {
        nn_scale scale;
        if (!nn_read_scale(build, layer->input.scale, nn_load_f32(scales + 4 * c), layer->output.scale, &scale)) {
            return false;
        }
        multipliers[c] = scale.multiplier;
        shifts[c] = (int8_t)scale.shift;
    }
    return true;
}

static bool fill_factors(nn_build *build, nn_dense *dense, void *tables, const nn_layer *layer) {
    uint32_t count = layer->weights.scales.count;
    int32_t *own = tables;
    dense->multipliers = build->channels ? build->channels : own;
    dense->shifts = (const int8_t *)(dense->multipliers + count);
    if (build->channels == NULL) {
        if (!compute_factors(build, own, (int8_t *)(own + count), layer)) {
            return false;
        }
        build->fast = nn_shifts_fast(dense->shifts, count);
    }
    return true;
}

static bool fill(nn_build *build, nn_dense *dense, void *tables, const nn_layer *layer) {
    int32_t low, high;
    if (!nn_read_activation(build, layer->activation, &layer->output, &low, &high) ||
        !fill_factors(build, dense, tables, layer)) {
        return false;
    }
    dense->weights = (const int8_t *)layer->weights.constant;
    dense->bias = layer->bias.count ? layer->bias.constant : NULL;
    dense->rows = layer->rows;
    dense->depth = layer->weights.count / layer->rows;
    dense->input_zero = (int16_t)layer->input.zero_point;
    dense->output_zero = (int16_t)layer->output.zero_point;
    dense->low = (int8_t)low;
    dense->high = (int8_t)high;
    dense->by_channel = layer->weights.scales.count > 1;
    int64_t largest = largest_sum(dense, layer->step);
    dense->fast = largest < SMALL_SUM && build->fast;
    return largest <= INT32_MAX || nn_refuse(build, NN_WHY_SUMS_COULD_OVERFLOW_32_BITS);
}

bool nn_keep_layer(nn_build *build, const nn_layer *layer, nn_dense *params, size_t bytes) {
    find_channels(build, layer);
    const size_t tables = build->channels ? 0 : layer->weights.scales.count * (sizeof(int32_t) + 1);
    uint8_t *kept = nn_take_params(build, bytes + tables);
    if (kept == NULL) {
        return nn_measuring(build);
    }
    const bool filled = fill(build, params, kept + bytes, layer);
    memcpy(kept, params, bytes);
    return filled;
}

int32_t nn_scale_any(const nn_dense *dense, int32_t sum, const nn_channel *channel) {
    const nn_scale scale = {channel->multiplier, channel->shift};
    const int32_t limit = 1 << 30; // far outside int8: only so that the next sum cannot overflow
    return nn_clamp(nn_rescale(sum, scale), -limit, limit) + dense->output_zero;
}

int8_t nn_output_of(const nn_dense *dense, uint32_t row, int32_t sum) {
    const nn_channel channel = nn_channel_of(dense, row);
    return nn_requantize(dense, sum, &channel);
}
