// SPDX-License-Identifier: Apache-2.0
// SignalWindow and SignalFftAutoScale, and checks that all signal operators share.
#include "small.h" // first, for the functions in the others

#include "flex.h"
#include "registry.h"
#include "schema.h"
#include "signal.h"

typedef struct {
    const uint8_t *window; // not aligned
    uint32_t size, count;
    int32_t shift;
} window;

typedef struct {
    uint32_t count;
    uint16_t bits;
} auto_scale;

bool nn_signal_input(nn_build *build, uint32_t slot, uint8_t type, nn_info *info) {
    if (!nn_read_input(build, slot, info)) {
        return false;
    }
    if (info->constant != NULL) {
        return nn_refuse(build, NN_WHY_INPUT_CONSTANT);
    }
    return info->type == type || nn_refuse(build, NN_WHY_INPUT_ANOTHER_TYPE);
}

bool nn_signal_output(nn_build *build, uint32_t outputs, uint32_t slot, uint8_t type, nn_info *info) {
    return nn_read_output_of(build, outputs, slot, info) &&
           (info->type == type || nn_refuse(build, NN_WHY_OUTPUT_ANOTHER_TYPE));
}

bool nn_signal_table(nn_build *build, uint32_t slot, nn_info *info) {
    if (!nn_read_constant(build, slot, info)) {
        return false;
    }
    return (info->constant != NULL && info->type == NN_INT16) || nn_refuse(build, NN_WHY_TABLE_NOT_CONSTANT_INT16);
}

bool nn_signal_pair(nn_build *build, uint8_t type, uint8_t output_type, uint32_t outputs, nn_info *input,
                    nn_info *output) {
    if (!nn_signal_input(build, 0, type, input) || !nn_signal_output(build, outputs, 0, output_type, output)) {
        return false;
    }
    nn_overlap_elements(build, input, output);
    return input->count == output->count || nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_COUNTS_ELEMENTS);
}

static bool prepare_window(nn_build *build) {
    nn_info input, table, output;
    int32_t shift;
    if (!nn_signal_pair(build, NN_INT16, NN_INT16, 1, &input, &output) || !nn_signal_table(build, 1, &table) ||
        !nn_read_flexible(build, "shift", 0, 31, &shift)) {
        return false;
    }
    if (input.count % table.count != 0) {
        return nn_refuse(build, NN_WHY_WINDOW_NOT_FIT_INPUT);
    }
    const window own = {table.constant, table.count, input.count, shift};
    return nn_keep(build, &own, sizeof own);
}

static bool run_window(nn_model *model, const nn_node *node) {
    const window *params = node->params;
    const int16_t *input = (const int16_t *)(const void *)nn_data(model, node->input);
    int16_t *out = (int16_t *)(void *)nn_data(model, node->output);
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        int32_t value = (input[i] * nn_signal_value(params->window, i % params->size)) >> params->shift;
        out[i] = (int16_t)nn_clamp(value, INT16_MIN, INT16_MAX);
    }
    return true;
}

static bool prepare_auto_scale(nn_build *build) {
    nn_info input, output, bits;
    if (!nn_signal_pair(build, NN_INT16, NN_INT16, 2, &input, &output) ||
        !nn_signal_output(build, 2, 1, NN_INT32, &bits)) {
        return false;
    }
    if (bits.count != 1) {
        return nn_refuse(build, NN_WHY_SECOND_OUTPUT_NOT_ONE_NUMBER);
    }
    const auto_scale own = {input.count, bits.index};
    return nn_keep(build, &own, sizeof own);
}

// The largest magnitude, but for -32768: that wraps, and any value after it counts as larger.
static bool find_largest(nn_model *model, const int16_t *input, uint32_t count, int16_t *largest) {
    *largest = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        if (input[i] > *largest) {
            *largest = input[i];
        } else if (-input[i] > *largest) {
            *largest = (int16_t)-input[i];
        }
    }
    return true;
}

static bool run_auto_scale(nn_model *model, const nn_node *node) {
    const auto_scale *params = node->params;
    const int16_t *input = (const int16_t *)(const void *)nn_data(model, node->input);
    int16_t *out = (int16_t *)(void *)nn_data(model, node->output);
    int16_t largest;
    if (!find_largest(model, input, params->count, &largest)) {
        return false;
    }
    int32_t bits = largest > 0 ? __builtin_clz((uint32_t)largest) - 17 : 0;
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % NN_STEP_WORK == 0 && !nn_step(model)) {
            return false;
        }
        out[i] = (int16_t)(input[i] * (1 << bits));
    }
    memcpy(nn_data(model, params->bits), &bits, sizeof bits);
    return true;
}

const nn_operator nn_signal_window = {BUILTIN_CUSTOM, OPTIONS_NONE, 2, 2, "SignalWindow", prepare_window, run_window};
const nn_operator nn_signal_auto_scale = {BUILTIN_CUSTOM,     OPTIONS_NONE,  1, 1, "SignalFftAutoScale",
                                          prepare_auto_scale, run_auto_scale};
