// SPDX-License-Identifier: Apache-2.0
// UNIDIRECTIONAL_SEQUENCE_LSTM of int8 with a cell state of int16, without peepholes, projection and layer
// normalisation (Hochreiter and Schmidhuber, "Long short-term memory"; gates in Q3.12, their values in Q0.15).
#include "centred.h"
#include "int16_tables.h"
#include "registry.h"
#include "scale.h"
#include "schema.h"

enum { INPUT_GATE, FORGET_GATE, CELL_GATE, OUTPUT_GATE, GATES };
enum { INPUT = 0, INPUT_WEIGHTS = 1, RECURRENT_WEIGHTS = 5, BIAS = 12, HIDDEN = 18, CELL = 19, INPUTS = 24 };

typedef struct {
    const int8_t *input_weights, *recurrent_weights;
    const uint8_t *bias;
    nn_scale input_scale, recurrent_scale;
} gate;

typedef struct {
    gate gates[GATES];
    nn_scale keep_scale, add_scale, hidden_scale;
    int8_t *hidden; // of each batch
    int16_t *cell;
    uint32_t batches, times, depth, units;
    uint32_t rows_per_step;
    int32_t input_zero, hidden_zero;
    int32_t clip;       // of the cell, negative: none
    int32_t tanh_shift; // of three times the cell, to units of 1 / (3 * 4096); negative: to the right
    bool time_major;
} lstm;

// What one time step works on.
typedef struct {
    int16_t *input, *hidden; // without their zero points
    int16_t *gates[GATES];
} work;

static bool check_variant(nn_build *build) {
    nn_fb *file = &build->model->file;
    for (uint32_t slot = 0; slot < INPUTS; slot++) {
        bool other_variant = (slot >= 9 && slot < BIAS) || slot == 16 || slot == 17 || slot > CELL;
        if (other_variant && nn_fb_int_element(file, build->inputs, slot) != -1) {
            return nn_refuse(build, NN_WHY_PEEPHOLES_PROJECTION_LAYER_NORMALISATION);
        }
    }
    if (nn_option_byte(build, LSTM_DIAGONAL, 0)) {
        return nn_refuse(build, NN_WHY_DIAGONAL_RECURRENT_WEIGHTS);
    }
    return nn_option_byte(build, LSTM_ACTIVATION, ACTIVATION_NONE) == ACTIVATION_TANH ||
           nn_refuse(build, NN_WHY_ACTIVATION_OTHER_TANH);
}

static bool read_weights(nn_build *build, uint32_t slot, uint32_t rows, uint32_t columns, nn_info *weights) {
    if (!nn_read_constant(build, slot, weights) || !nn_need_quantised(build, weights)) {
        return false;
    }
    if (weights->constant == NULL || weights->type != NN_INT8 || weights->zero_point != 0) {
        return nn_refuse(build, NN_WHY_WEIGHTS_NOT_CONSTANT_INT8_AROUND_ZERO);
    }
    return (weights->rank == 2 && (uint32_t)weights->shape[0] == rows && (uint32_t)weights->shape[1] == columns) ||
           nn_refuse(build, NN_WHY_SHAPE_WEIGHTS_NOT_FIT_INPUT_STATE);
}

static bool read_gate(nn_build *build, uint32_t index, const nn_info *input, const nn_info *hidden, lstm *params) {
    const float q3_12 = 1.0f / 4096;
    gate *own = &params->gates[index];
    nn_info weights, recurrent, bias;
    if (!read_weights(build, INPUT_WEIGHTS + index, params->units, params->depth, &weights) ||
        !read_weights(build, RECURRENT_WEIGHTS + index, params->units, params->units, &recurrent) ||
        !nn_read_constant(build, BIAS + index, &bias)) {
        return false;
    }
    if (bias.constant == NULL || bias.type != NN_INT32 || bias.count != params->units) {
        return nn_refuse(build, NN_WHY_BIAS_NOT_CONSTANT_INT32_VALUE_UNIT);
    }
    own->input_weights = (const int8_t *)weights.constant;
    own->recurrent_weights = (const int8_t *)recurrent.constant;
    own->bias = bias.constant;
    return nn_read_scale(build, input->scale, weights.scale, q3_12, &own->input_scale) &&
           nn_read_scale(build, hidden->scale, recurrent.scale, q3_12, &own->recurrent_scale);
}

static bool read_sizes(nn_build *build, const nn_info *input, const nn_info *output, lstm *params) {
    params->time_major = nn_option_byte(build, LSTM_TIME_MAJOR, 0);
    if (input->rank != 3 || output->rank != 3 || input->shape[0] != output->shape[0] ||
        input->shape[1] != output->shape[1]) {
        return nn_refuse(build, NN_WHY_INPUT_OUTPUT_NOT_SERIES_SAME_LENGTH);
    }
    params->batches = (uint32_t)input->shape[params->time_major ? 1 : 0];
    params->times = (uint32_t)input->shape[params->time_major ? 0 : 1];
    params->depth = (uint32_t)input->shape[2];
    params->units = (uint32_t)output->shape[2];
    params->rows_per_step = nn_items_per_step(params->depth + params->units);
    return (params->depth <= NN_CENTRED_MOST && params->units <= NN_CENTRED_MOST) ||
           nn_refuse(build, NN_WHY_SUMS_TOO_LARGE);
}

static bool is_state(const nn_info *info, const lstm *params) {
    return info->rank == 2 && (uint32_t)info->shape[0] == params->batches && (uint32_t)info->shape[1] == params->units;
}

// Cells are clipped at a limit given as a real number; the reference divides in single precision and truncates.
static void read_clip(nn_build *build, float scale, lstm *params) {
    float clip = nn_option_float(build, LSTM_CELL_CLIP);
    params->clip = -1;
    if (clip > 0) {
        float limit = clip / scale;
        params->clip = limit < INT16_MAX ? (int32_t)limit : INT16_MAX;
    }
}

static bool read_cell(nn_build *build, nn_info *cell, const nn_info *hidden, lstm *params) {
    const float q0_15 = 1.0f / 32768;
    int32_t bits;
    if (!nn_read_variable(build, CELL, cell) || !nn_need_quantised(build, cell)) {
        return false;
    }
    if (!is_state(cell, params) || cell->type != NN_INT16 || cell->zero_point != 0) {
        return nn_refuse(build, NN_WHY_CELL_STATE_NOT_INT16_VALUE_UNIT);
    }
    memcpy(&bits, &cell->scale, sizeof bits);
    params->tanh_shift = (bits >> 23) - 127 + 12; // 2^-12 needs none
    if ((bits & 0x7FFFFF) != 0 || params->tanh_shift < -15 || params->tanh_shift > 12) {
        return nn_refuse(build, NN_WHY_CELL_SCALE_NO_POWER_OF_TWO);
    }
    read_clip(build, cell->scale, params);
    return nn_read_scale(build, q0_15, cell->scale, cell->scale, &params->keep_scale) &&
           nn_read_scale(build, q0_15, q0_15, cell->scale, &params->add_scale) &&
           nn_read_scale(build, q0_15, q0_15, hidden->scale, &params->hidden_scale);
}

static bool read_hidden(nn_build *build, nn_info *hidden, lstm *params) {
    return nn_read_variable(build, HIDDEN, hidden) && nn_need_int8(build, hidden) &&
           (is_state(hidden, params) || nn_refuse(build, NN_WHY_STATE_NOT_ONE_VALUE_UNIT));
}

static bool read_all(nn_build *build, lstm *params, nn_info *hidden, nn_info *cell) {
    nn_info input, output;
    if (!nn_read_input(build, INPUT, &input) || !nn_read_output(build, &output) ||
        !nn_both_int8(build, &input, &output) || !check_variant(build) || !read_sizes(build, &input, &output, params) ||
        !read_hidden(build, hidden, params) || !read_cell(build, cell, hidden, params)) {
        return false;
    }
    params->input_zero = input.zero_point;
    params->hidden_zero = hidden->zero_point;
    for (uint32_t i = 0; i < GATES; i++) {
        if (!read_gate(build, i, &input, hidden, params)) {
            return false;
        }
    }
    return true;
}

static bool prepare(nn_build *build) {
    nn_info hidden, cell;
    lstm own = {0};
    if (!read_all(build, &own, &hidden, &cell)) {
        return false;
    }
    build->node->scratch_bytes = (own.depth + (1 + GATES) * own.units) * (uint32_t)sizeof(int16_t);
    own.hidden = nn_take_state(build, hidden.bytes, (uint8_t)own.hidden_zero);
    own.cell = nn_take_state(build, cell.bytes, 0);
    return nn_keep(build, &own, sizeof own);
}

static int32_t saturate(int32_t value) {
    return nn_clamp(value, INT16_MIN, INT16_MAX);
}

// One unit of a gate before its activation function, in Q3.12. The bias can wrap as the reference's sum does.
static int32_t gate_row(const lstm *params, const gate *own, uint32_t row, const work *at) {
    uint32_t sum = (uint32_t)nn_load_i32(own->bias + 4 * row) +
                   (uint32_t)nn_dot_int16(at->input, own->input_weights + row * params->depth, params->depth);
    int32_t recurrent = nn_dot_int16(at->hidden, own->recurrent_weights + row * params->units, params->units);
    return saturate(saturate(nn_rescale((int32_t)sum, own->input_scale)) +
                    saturate(nn_rescale(recurrent, own->recurrent_scale)));
}

static bool run_gates(nn_model *model, const lstm *params, const work *at) {
    for (uint32_t index = 0; index < GATES; index++) {
        for (uint32_t row = 0; row < params->units; row++) {
            if (!nn_step_each(model, row, params->rows_per_step)) {
                return false;
            }
            int32_t value = 3 * gate_row(params, &params->gates[index], row, at);
            at->gates[index][row] = index == CELL_GATE ? nn_tanh_q15(value) : nn_sigmoid_q15(value);
        }
    }
    return true;
}

static int32_t tanh_of_cell(const lstm *params, int32_t cell) {
    int32_t left = params->tanh_shift, right = -left;
    return nn_tanh_q15(left >= 0 ? cell * 3 * (1 << left) : (cell * 3 + (1 << (right - 1))) >> right);
}

static void update(const lstm *params, const work *at, int16_t *cell, int8_t *hidden) {
    for (uint32_t i = 0; i < params->units; i++) {
        int32_t kept = saturate(nn_rescale(at->gates[FORGET_GATE][i] * cell[i], params->keep_scale));
        int32_t added = saturate(nn_rescale(at->gates[INPUT_GATE][i] * at->gates[CELL_GATE][i], params->add_scale));
        int32_t value = saturate(kept + added);
        cell[i] = (int16_t)(params->clip < 0 ? value : nn_clamp(value, -params->clip, params->clip));
        int64_t out = nn_rescale(tanh_of_cell(params, cell[i]) * at->gates[OUTPUT_GATE][i], params->hidden_scale);
        out += params->hidden_zero;
        hidden[i] = (int8_t)(out > INT8_MAX ? INT8_MAX : out < INT8_MIN ? INT8_MIN : out);
    }
}

static bool run(nn_model *model, const nn_node *node) {
    const lstm *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, node->input);
    int8_t *out = (int8_t *)nn_data(model, node->output);
    work at = {.input = (int16_t *)(void *)(model->activations + node->scratch)};
    at.hidden = at.input + params->depth;
    for (uint32_t i = 0; i < GATES; i++) {
        at.gates[i] = at.hidden + (i + 1) * params->units;
    }
    for (uint32_t i = 0; i < params->batches * params->times; i++) {
        uint32_t batch = i / params->times, time = i % params->times;
        uint32_t place = params->time_major ? time * params->batches + batch : i;
        int8_t *hidden = params->hidden + batch * params->units;
        nn_centre(input + place * params->depth, params->input_zero, params->depth, at.input);
        nn_centre(hidden, params->hidden_zero, params->units, at.hidden);
        if (!run_gates(model, params, &at)) {
            return false;
        }
        update(params, &at, params->cell + batch * params->units, hidden);
        memcpy(out + place * params->units, hidden, params->units);
    }
    return true;
}

const nn_operator nn_lstm = {BUILTIN_UNIDIRECTIONAL_SEQUENCE_LSTM,    OPTIONS_LSTM, INPUTS, INPUTS,
                             NN_NAME("UNIDIRECTIONAL_SEQUENCE_LSTM"), prepare,      run};
