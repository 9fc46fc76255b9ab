// SPDX-License-Identifier: Apache-2.0
// SignalFilterBankSpectralSubtraction takes away an estimate of the noise in each channel; SignalPCAN, automatic gain,
// amplifies the channels that have little of it (Wang et al., "Trainable frontend for robust and far-field keyword
// spotting", in fixed point).
#include "small.h" // first, for the functions in the others

#include "flex.h"
#include "registry.h"
#include "schema.h"
#include "signal.h"

typedef struct {
    uint32_t *estimate; // of each channel, kept from run to run
    uint32_t channels;
    uint32_t smoothing[2], one_minus_smoothing[2]; // of even and odd channels
    uint32_t least;                                // share of the signal that remains
    int32_t extra_bits, share_bits;                // of the estimate, and of the shares above
    bool clamping;
    uint16_t noise;
} subtraction;

typedef struct {
    const uint8_t *gains; // not aligned
    uint32_t count;
    int32_t shift;
    uint16_t noise;
} gain;

#define GAINS 125 // values in the table of gains

static bool read_share(nn_build *build, const char *name, uint32_t *share) {
    int32_t value;
    if (!nn_read_flexible(build, name, INT32_MIN, INT32_MAX, &value)) {
        return false;
    }
    *share = (uint32_t)value;
    return true;
}

static bool read_subtraction(nn_build *build, subtraction *params) {
    int32_t channels, clamping;
    if (!read_share(build, "smoothing", &params->smoothing[0]) ||
        !read_share(build, "alternate_smoothing", &params->smoothing[1]) ||
        !read_share(build, "one_minus_smoothing", &params->one_minus_smoothing[0]) ||
        !read_share(build, "alternate_one_minus_smoothing", &params->one_minus_smoothing[1]) ||
        !read_share(build, "min_signal_remaining", &params->least) ||
        !nn_read_flexible(build, "smoothing_bits", 0, 31, &params->extra_bits) ||
        !nn_read_flexible(build, "spectral_subtraction_bits", 0, 63, &params->share_bits) ||
        !nn_read_flexible(build, "clamping", 0, 1, &clamping) ||
        !nn_read_flexible(build, "num_channels", 1, INT32_MAX, &channels)) {
        return false;
    }
    params->clamping = clamping;
    return (uint32_t)channels == params->channels || nn_refuse(build, NN_WHY_INPUT_NOT_FIT_CHANNELS);
}

static bool prepare_subtraction(nn_build *build) {
    nn_info input, output, noise;
    if (!nn_signal_pair(build, NN_UINT32, NN_UINT32, 2, &input, &output) ||
        !nn_signal_output(build, 2, 1, NN_UINT32, &noise)) {
        return false;
    }
    if (noise.count != input.count) {
        return nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_COUNTS_ELEMENTS);
    }
    subtraction own = {.channels = input.count, .noise = noise.index};
    if (!read_subtraction(build, &own)) {
        return false;
    }
    own.estimate = nn_take_state(build, input.bytes, 0);
    return nn_keep(build, &own, sizeof own);
}

// One channel without its noise, whose estimate moves a little towards the signal. Sums wrap as the reference's do.
static uint32_t without_noise(const subtraction *params, uint32_t channel, uint32_t signal) {
    uint32_t *estimate = &params->estimate[channel];
    uint32_t scaled = signal << params->extra_bits;
    *estimate = (uint32_t)(((uint64_t)scaled * params->smoothing[channel & 1] +
                            (uint64_t)*estimate * params->one_minus_smoothing[channel & 1]) >>
                           params->share_bits);
    uint32_t noise = *estimate < scaled ? *estimate : scaled;
    if (params->clamping) {
        *estimate = noise;
    }
    uint32_t least = (uint32_t)(((uint64_t)signal * params->least) >> params->share_bits);
    uint32_t rest = (scaled - noise) >> params->extra_bits;
    return rest > least ? rest : least;
}

static bool run_subtraction(nn_model *model, const nn_node *node) {
    const subtraction *params = node->params;
    const uint32_t *input = (const uint32_t *)(const void *)nn_data(model, node->input);
    uint32_t *out = (uint32_t *)(void *)nn_data(model, node->output);
    for (uint32_t i = 0; i < params->channels; i++) {
        if (i % (NN_STEP_WORK / 4) == 0 && !nn_step(model)) {
            return false;
        }
        out[i] = without_noise(params, i, input[i]);
    }
    memcpy(nn_data(model, params->noise), params->estimate, params->channels * sizeof *params->estimate);
    return true;
}

static bool prepare_gain(nn_build *build) {
    nn_info input, output, noise, gains;
    int32_t shift;
    if (!nn_signal_pair(build, NN_UINT32, NN_UINT32, 1, &input, &output) ||
        !nn_signal_input(build, 1, NN_UINT32, &noise) || !nn_signal_table(build, 2, &gains) ||
        !nn_read_flexible(build, "snr_shift", 0, 63, &shift)) {
        return false;
    }
    if (noise.count != input.count || gains.count < GAINS) {
        return nn_refuse(build, NN_WHY_NOISE_GAINS_NOT_FIT_CHANNELS);
    }
    const gain own = {gains.constant, input.count, shift, noise.index};
    return nn_keep(build, &own, sizeof own);
}

// The gain for an estimate of noise: a parabola for each power of two, by three values of the table.
static uint32_t gain_for(const uint8_t *gains, uint32_t noise) {
    if (noise <= 2) {
        return (uint32_t)nn_signal_value(gains, noise);
    }
    int power = 32 - __builtin_clz(noise);
    uint32_t at = (uint32_t)(4 * power - 6);
    int32_t part = (int32_t)((power < 11 ? noise << (11 - power) : noise >> (power - 11)) & 0x3FF);
    int32_t slope = (nn_signal_value(gains, at + 2) * part) >> 5;
    slope += nn_signal_value(gains, at + 1) * 32;
    int32_t rise = (int32_t)((uint32_t)slope * (uint32_t)part + (1u << 14)) >> 15;
    return (uint32_t)(int16_t)(rise + nn_signal_value(gains, at));
}

// From Q20.12 to Q26.6: x * x / 4 below 2, x - 1 above.
static uint32_t compressed(uint32_t ratio) {
    return ratio < 2u << 12 ? (ratio * ratio) >> 20 : (ratio >> 6) - (1u << 6);
}

static bool run_gain(nn_model *model, const nn_node *node) {
    const gain *params = node->params;
    const uint32_t *input = (const uint32_t *)(const void *)nn_data(model, node->input);
    const uint32_t *noise = (const uint32_t *)(const void *)nn_data(model, params->noise);
    uint32_t *out = (uint32_t *)(void *)nn_data(model, node->output);
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % (NN_STEP_WORK / 8) == 0 && !nn_step(model)) {
            return false;
        }
        uint64_t ratio = (uint64_t)input[i] * gain_for(params->gains, noise[i]);
        out[i] = compressed((uint32_t)(ratio >> params->shift));
    }
    return true;
}

const nn_operator nn_signal_subtraction = {
    BUILTIN_CUSTOM, OPTIONS_NONE, 1, 1, "SignalFilterBankSpectralSubtraction", prepare_subtraction, run_subtraction};
const nn_operator nn_signal_gain = {BUILTIN_CUSTOM, OPTIONS_NONE, 3, 3, "SignalPCAN", prepare_gain, run_gain};
