// SPDX-License-Identifier: Apache-2.0
// SVDF: a fully connected layer whose answers to the last `memory` inputs are remembered and weighted in time
// (Nakkiran et al., "Compressing deep neural networks using a rank-constrained topology"). int8 with a state of int8 or
// int16.
#include "centred.h"
#include "registry.h"
#include "scale.h"
#include "schema.h"

enum { INPUT, WEIGHTS, TIME, BIAS, STATE, INPUTS };

typedef struct {
    const int8_t *weights;
    const uint8_t *time; // of the state's type, not aligned
    const uint8_t *bias;
    void *state;                   // for each batch and filter the last `memory` answers, the oldest first
    nn_scale state_scale;          // from a product of inputs and weights to the state
    nn_scale output_scale;         // from a product of state and time to the output
    uint32_t batches, units, rank; // each unit is the sum of `rank` filters
    uint32_t depth, memory;        // of a filter: inputs, and answers remembered
    uint32_t filters_per_step;
    int32_t input_zero, state_zero, output_zero;
    bool wide;
} svdf;

static bool is_matrix(const nn_info *info, uint32_t rows, uint32_t columns) {
    return info->rank == 2 && (uint32_t)info->shape[0] == rows && (uint32_t)info->shape[1] == columns;
}

static bool check_types(nn_build *build, const nn_info info[INPUTS], const nn_info *output) {
    if (!nn_need_int8(build, &info[INPUT]) || !nn_need_int8(build, output) ||
        !nn_need_quantised(build, &info[WEIGHTS]) || !nn_need_quantised(build, &info[TIME]) ||
        !nn_need_quantised(build, &info[STATE])) {
        return false;
    }
    if (info[WEIGHTS].type != NN_INT8 || info[BIAS].type != NN_INT32 || info[TIME].type != info[STATE].type ||
        (info[STATE].type != NN_INT8 && info[STATE].type != NN_INT16)) {
        return nn_refuse(build, NN_WHY_SVDF_OF_OTHER_TYPES);
    }
    if (!info[WEIGHTS].constant || !info[TIME].constant || !info[BIAS].constant) {
        return nn_refuse(build, NN_WHY_WEIGHTS_BIAS_NOT_CONSTANT);
    }
    return (info[WEIGHTS].zero_point == 0 && info[TIME].zero_point == 0) || nn_refuse(build, NN_WHY_WEIGHTS_ZERO_POINT);
}

static bool check_shapes(nn_build *build, const nn_info info[INPUTS], const nn_info *output, uint32_t rank) {
    if (info[INPUT].rank != 2 || info[WEIGHTS].rank != 2 || info[TIME].rank != 2) {
        return nn_refuse(build, NN_WHY_INPUT_WEIGHTS_NO_MATRIX);
    }
    uint32_t batches = (uint32_t)info[INPUT].shape[0], filters = (uint32_t)info[WEIGHTS].shape[0];
    if (rank == 0 || rank > filters || filters % rank != 0) {
        return nn_refuse(build, NN_WHY_RANK_NOT_DIVIDE_FILTERS);
    }
    if (info[WEIGHTS].shape[1] != info[INPUT].shape[1] || (uint32_t)info[TIME].shape[0] != filters ||
        info[BIAS].count != filters / rank || !is_matrix(output, batches, filters / rank) ||
        !is_matrix(&info[STATE], batches, info[TIME].count)) {
        return nn_refuse(build, NN_WHY_SHAPES_NOT_FIT_OTHER);
    }
    return (uint32_t)info[INPUT].shape[1] <= NN_CENTRED_MOST || nn_refuse(build, NN_WHY_SUMS_TOO_LARGE);
}

// The reference multiplies and divides these scales in single precision.
static bool read_scale(nn_build *build, float a, float b, float c, nn_scale *scale) {
    float product = a * b;
    float ratio = product / c;
    return nn_scale_valid(ratio) ? nn_read_scale(build, ratio, 1.0f, 1.0f, scale)
                                 : nn_refuse(build, NN_WHY_RATIO_SCALES_NO_NORMAL_NUMBER);
}

static bool read_inputs(nn_build *build, nn_info info[INPUTS], nn_info *output, uint32_t rank) {
    for (uint32_t slot = WEIGHTS; slot <= BIAS; slot++) {
        if (!nn_read_constant(build, slot, &info[slot])) {
            return false;
        }
    }
    return nn_read_input(build, INPUT, &info[INPUT]) && nn_read_variable(build, STATE, &info[STATE]) &&
           nn_read_output(build, output) && check_types(build, info, output) && check_shapes(build, info, output, rank);
}

static bool fill(nn_build *build, svdf *params, const nn_info info[INPUTS], const nn_info *output) {
    params->weights = (const int8_t *)info[WEIGHTS].constant;
    params->time = info[TIME].constant;
    params->bias = info[BIAS].constant;
    params->batches = (uint32_t)info[INPUT].shape[0];
    params->units = (uint32_t)output->shape[1];
    params->depth = (uint32_t)info[INPUT].shape[1];
    params->memory = (uint32_t)info[TIME].shape[1];
    params->filters_per_step = nn_items_per_step(params->depth + params->memory);
    params->input_zero = info[INPUT].zero_point;
    params->state_zero = info[STATE].zero_point;
    params->output_zero = output->zero_point;
    params->wide = info[STATE].type == NN_INT16;
    return read_scale(build, info[INPUT].scale, info[WEIGHTS].scale, info[STATE].scale, &params->state_scale) &&
           read_scale(build, info[STATE].scale, info[TIME].scale, output->scale, &params->output_scale);
}

static bool prepare(nn_build *build) {
    nn_info info[INPUTS], output;
    uint32_t rank = (uint32_t)nn_option_int(build, SVDF_RANK, 0);
    if (!read_inputs(build, info, &output, rank)) {
        return false;
    }
    svdf own = {.rank = rank};
    if (!fill(build, &own, info, &output)) {
        return false;
    }
    build->node->scratch_bytes = own.depth * (uint32_t)sizeof(int16_t);
    // A variable tensor of int8 begins with its zero point in each element, any other one with zeros.
    own.state = nn_take_state(build, info[STATE].bytes, own.wide ? 0 : (uint8_t)own.state_zero);
    return nn_keep(build, &own, sizeof own);
}

// An answer at the limit of its type wraps when the state has a zero point, as in the reference.
static int32_t filter_answer(const svdf *params, const int16_t *input, uint32_t filter) {
    int32_t sum = nn_dot_int16(input, params->weights + (size_t)filter * params->depth, params->depth);
    int32_t most = params->wide ? INT16_MAX : INT8_MAX;
    return nn_clamp(nn_rescale(sum, params->state_scale), -most - 1, most) + params->state_zero;
}

// Forgets the oldest answer, remembers the new one, and weights them all in time. Sums wrap at 32 bits, as the
// reference's do on every CPU we know: the weights of some models let them.
static uint32_t remember8(const svdf *params, int8_t *state, const int8_t *time, int32_t answer) {
    uint32_t sum = 0, last = params->memory - 1;
    for (uint32_t k = 0; k < last; k++) {
        state[k] = state[k + 1];
        sum += (uint32_t)(time[k] * (state[k] - params->state_zero));
    }
    state[last] = (int8_t)answer;
    return sum + (uint32_t)(time[last] * (state[last] - params->state_zero));
}

static uint32_t remember16(const svdf *params, int16_t *state, const uint8_t *time, int32_t answer) {
    uint32_t sum = 0, last = params->memory - 1;
    for (uint32_t k = 0; k < last; k++) {
        state[k] = state[k + 1];
        sum += (uint32_t)(nn_load_i16(time + 2 * k) * (state[k] - params->state_zero));
    }
    state[last] = (int16_t)answer;
    return sum + (uint32_t)(nn_load_i16(time + 2 * last) * (state[last] - params->state_zero));
}

static uint32_t run_filter(const svdf *params, const int16_t *input, uint32_t batch, uint32_t filter) {
    int32_t answer = filter_answer(params, input, filter);
    size_t time = (size_t)filter * params->memory;
    size_t state = ((size_t)batch * params->units * params->rank + filter) * params->memory;
    return params->wide
               ? remember16(params, (int16_t *)params->state + state, params->time + 2 * time, answer)
               : remember8(params, (int8_t *)params->state + state, (const int8_t *)params->time + time, answer);
}

static int8_t finish(const svdf *params, uint32_t sum) {
    int64_t value = (int64_t)nn_rescale((int32_t)sum, params->output_scale) + params->output_zero;
    return (int8_t)(value > INT8_MAX ? INT8_MAX : value < INT8_MIN ? INT8_MIN : value);
}

static bool run(nn_model *model, const nn_node *node) {
    const svdf *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, node->input);
    int8_t *out = (int8_t *)nn_data(model, node->output);
    int16_t *centred = (int16_t *)(void *)(model->activations + node->scratch);
    uint32_t done = 0;
    for (uint32_t batch = 0; batch < params->batches; batch++, input += params->depth) {
        nn_centre(input, params->input_zero, params->depth, centred);
        for (uint32_t unit = 0; unit < params->units; unit++) {
            uint32_t sum = (uint32_t)nn_load_i32(params->bias + 4 * unit);
            for (uint32_t k = 0; k < params->rank; k++, done++) {
                if (!nn_step_each(model, done, params->filters_per_step)) {
                    return false;
                }
                sum += run_filter(params, centred, batch, unit * params->rank + k);
            }
            *out++ = finish(params, sum);
        }
    }
    return true;
}

const nn_operator nn_svdf = {BUILTIN_SVDF, OPTIONS_SVDF, INPUTS, INPUTS, NN_NAME("SVDF"), prepare, run};
