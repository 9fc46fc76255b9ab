// SPDX-License-Identifier: Apache-2.0
// SignalFilterBank, SignalFilterBankSquareRoot and SignalFilterBankLog: channels of a spectrum.
#include "small.h" // first, for the functions in the others

#include "flex.h"
#include "registry.h"
#include "schema.h"
#include "signal.h"

// A channel's part of the spectrum, and where its weights begin; kept, so that a file that changes cannot move them.
typedef struct {
    uint16_t frequency, weight, width;
} band;

typedef struct {
    const uint8_t *weights, *unweights; // not aligned
    uint32_t channels;
    band bands[]; // one more than channels: the first only gives to the second
} filter_bank;

typedef struct {
    uint32_t count;
    uint32_t scale;
    int32_t bits;
    uint16_t shift;
} mapping; // of each element

// Tables of the filter bank by input slot.
enum { WEIGHTS = 1, UNWEIGHTS, FREQUENCIES, WEIGHT_STARTS, WIDTHS, BANK_INPUTS };

static bool read_band(nn_build *build, const nn_info info[BANK_INPUTS], uint32_t index, band *own) {
    int32_t frequency = nn_signal_value(info[FREQUENCIES].constant, index);
    int32_t weight = nn_signal_value(info[WEIGHT_STARTS].constant, index);
    int32_t width = nn_signal_value(info[WIDTHS].constant, index);
    if (frequency < 0 || weight < 0 || width < 0 || (uint32_t)(frequency + width) > info[0].count ||
        (uint32_t)(weight + width) > info[WEIGHTS].count) {
        return nn_refuse(build, NN_WHY_CHANNEL_OUTSIDE_SPECTRUM);
    }
    const band read = {(uint16_t)frequency, (uint16_t)weight, (uint16_t)width};
    *own = read;
    return true;
}

static bool read_bank(nn_build *build, nn_info info[BANK_INPUTS], nn_info *output) {
    int32_t channels;
    if (!nn_signal_input(build, 0, NN_UINT32, &info[0]) || !nn_signal_output(build, 1, 0, NN_UINT64, output) ||
        !nn_read_flexible(build, "num_channels", 1, INT16_MAX, &channels)) {
        return false;
    }
    for (uint32_t slot = WEIGHTS; slot < BANK_INPUTS; slot++) {
        if (!nn_signal_table(build, slot, &info[slot])) {
            return false;
        }
        if (slot >= FREQUENCIES && info[slot].count != (uint32_t)channels + 1) {
            return nn_refuse(build, NN_WHY_TABLE_NOT_CHANNELS_PLUS_1);
        }
    }
    return (output->count == (uint32_t)channels && info[WEIGHTS].count == info[UNWEIGHTS].count) ||
           nn_refuse(build, NN_WHY_OUTPUT_WEIGHTS_NOT_FIT_CHANNELS);
}

static bool prepare_bank(nn_build *build) {
    nn_info info[BANK_INPUTS], output;
    if (!read_bank(build, info, &output)) {
        return false;
    }
    band checked;
    filter_bank *params = nn_take_params(build, sizeof *params + (output.count + 1) * sizeof(band));
    for (uint32_t i = 0; i <= output.count; i++) {
        if (!read_band(build, info, i, params ? &params->bands[i] : &checked)) {
            return false;
        }
    }
    if (params == NULL) {
        return nn_measuring(build);
    }
    params->weights = info[WEIGHTS].constant;
    params->unweights = info[UNWEIGHTS].constant;
    params->channels = output.count;
    return true;
}

// Energy with its weight belongs to the band itself, the rest (the "unweighted" energy) to the next one.
static bool run_bank(nn_model *model, const nn_node *node) {
    const filter_bank *params = node->params;
    const uint32_t *input = (const uint32_t *)(const void *)nn_data(model, node->input);
    uint64_t *out = (uint64_t *)(void *)nn_data(model, node->output);
    uint64_t carried = 0;
    for (uint32_t i = 0; i <= params->channels; i++) {
        const band *own = &params->bands[i];
        uint64_t sum = carried;
        if (!nn_step(model)) {
            return false;
        }
        carried = 0;
        for (uint32_t k = 0; k < own->width; k++) {
            uint64_t value = input[own->frequency + k];
            sum += value * (uint64_t)(int64_t)nn_signal_value(params->weights, own->weight + k);
            carried += value * (uint64_t)(int64_t)nn_signal_value(params->unweights, own->weight + k);
        }
        if (i > 0) {
            out[i - 1] = sum;
        }
    }
    return true;
}

static bool prepare_root(nn_build *build) {
    nn_info input, output, shift;
    if (!nn_signal_pair(build, NN_UINT64, NN_UINT32, 1, &input, &output) ||
        !nn_signal_input(build, 1, NN_INT32, &shift)) {
        return false;
    }
    if (shift.count != 1) {
        return nn_refuse(build, NN_WHY_SECOND_INPUT_NOT_ONE_NUMBER);
    }
    const mapping own = {.count = input.count, .shift = shift.index};
    return nn_keep(build, &own, sizeof own);
}

// The square root, rounded to the nearest integer that fits: 16 bits when the value has at most 32.
static uint32_t root_of(uint64_t value) {
    uint64_t root = 0, rest = value, most = value >> 32 ? UINT32_MAX : UINT16_MAX;
    for (int at = value ? (63 - __builtin_clzll(value)) & ~1 : -1; at >= 0; at -= 2) {
        uint64_t bit = 1ull << at, next = root + bit;
        root >>= 1;
        if (rest >= next) {
            rest -= next;
            root += bit;
        }
    }
    return (uint32_t)(root + (rest > root && root != most));
}

static bool run_root(nn_model *model, const nn_node *node) {
    const mapping *params = node->params;
    const uint64_t *input = (const uint64_t *)(const void *)nn_data(model, node->input);
    uint32_t *out = (uint32_t *)(void *)nn_data(model, node->output);
    int32_t bits = nn_load_i32(nn_data(model, params->shift));
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % (NN_STEP_WORK / 64) == 0 && !nn_step(model)) {
            return false;
        }
        out[i] = bits < 0 || bits > 31 ? 0 : root_of(input[i]) >> bits;
    }
    return true;
}

static bool prepare_logarithm(nn_build *build) {
    nn_info input, output;
    int32_t bits, scale;
    if (!nn_signal_pair(build, NN_UINT32, NN_INT16, 1, &input, &output) ||
        !nn_read_flexible(build, "input_correction_bits", 0, 31, &bits) ||
        !nn_read_flexible(build, "output_scale", INT32_MIN, INT32_MAX, &scale)) {
        return false;
    }
    const mapping own = {.count = input.count, .scale = (uint32_t)scale, .bits = bits};
    return nn_keep(build, &own, sizeof own);
}

// scale * ln(value) for a value above 1: log2 in Q16.16 by interpolation, times ln 2.
static uint32_t logarithm_of(uint32_t value, uint32_t scale) {
    const uint32_t ln2 = 45426, half = 1u << 15;
    int whole = 31 - __builtin_clz(value);
    uint32_t above = value - (1u << whole); // the power of two
    uint32_t fraction = whole < 16 ? above << (16 - whole) : above >> (whole - 16);
    uint32_t segment = fraction >> 9;
    int32_t low = nn_logarithm_table[segment], high = nn_logarithm_table[segment + 1];
    int32_t between = ((high - low) * (int32_t)(fraction & 511)) >> 16;
    uint32_t log2 = ((uint32_t)whole << 16) + fraction + (uint32_t)(low + between);
    uint32_t natural = (uint32_t)(((uint64_t)ln2 * log2 + half) >> 16);
    return (scale * natural + half) >> 16;
}

static bool run_logarithm(nn_model *model, const nn_node *node) {
    const mapping *params = node->params;
    const uint32_t *input = (const uint32_t *)(const void *)nn_data(model, node->input);
    int16_t *out = (int16_t *)(void *)nn_data(model, node->output);
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % (NN_STEP_WORK / 16) == 0 && !nn_step(model)) {
            return false;
        }
        uint32_t value = input[i] << params->bits;
        uint32_t logarithm = value > 1 ? logarithm_of(value, params->scale) : 0;
        out[i] = (int16_t)(logarithm < INT16_MAX ? logarithm : INT16_MAX);
    }
    return true;
}

const nn_operator nn_signal_bank = {BUILTIN_CUSTOM,     OPTIONS_NONE, BANK_INPUTS, BANK_INPUTS,
                                    "SignalFilterBank", prepare_bank, run_bank};
const nn_operator nn_signal_root = {BUILTIN_CUSTOM, OPTIONS_NONE, 2, 2, "SignalFilterBankSquareRoot",
                                    prepare_root,   run_root};
const nn_operator nn_signal_logarithm = {BUILTIN_CUSTOM,    OPTIONS_NONE, 1, 1, "SignalFilterBankLog",
                                         prepare_logarithm, run_logarithm};
