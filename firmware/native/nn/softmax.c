// SPDX-License-Identifier: Apache-2.0
// SOFTMAX of int8 to int8 or int16, in gemmlowp's fixed point: exponentials in Q0.31, their sum in Q12.19.
#include "softmax.h"
#include "exponential.h"
#include "registry.h"
#include "scale.h"
#include "schema.h"

#define INTEGER_BITS     5  // of a scaled difference
#define SUM_INTEGER_BITS 12 // of the sum: at most 4,095 classes
#define MAX_CLASSES      4095u

typedef struct {
    nn_scale scale; // from a difference of inputs to Q5.26
    int32_t least;  // smallest difference whose exponential counts
    uint32_t classes, rows;
    bool wide; // int16 output
} softmax;

static bool check(nn_build *build, const nn_info *input, const nn_info *output) {
    if (!nn_need_int8(build, input) || !nn_need_quantised(build, output)) {
        return false;
    }
    if (output->type != NN_INT8 && output->type != NN_INT16) {
        return nn_refuse(build, NN_WHY_OUTPUT_NEITHER_INT8_NOR_INT16);
    }
    if (output->zero_point != (output->type == NN_INT8 ? INT8_MIN : INT16_MIN)) {
        return nn_refuse(build, NN_WHY_OUTPUT_ZERO_POINT_NOT_SMALLEST);
    }
    return (uint32_t)input->shape[input->rank - 1] <= MAX_CLASSES || nn_refuse(build, NN_WHY_MORE_4095_CLASSES);
}

bool nn_read_softmax(nn_build *build, nn_info *input, nn_info *output, float *beta) {
    *beta = nn_option_float(build, SOFTMAX_BETA);
    if (!nn_read_alike(build, input, output)) {
        return false;
    }
    if (input->rank == 0) {
        return nn_refuse(build, NN_WHY_INPUT_WITHOUT_DIMENSIONS);
    }
    return nn_scale_valid(*beta) || nn_refuse(build, NN_WHY_BETA_NOT_POSITIVE_NUMBER);
}

// min(beta * scale * 2^26, 2^31 - 1) as fixed point (PreprocessSoftmaxScaling).
static bool read_scale(nn_build *build, const nn_info *input, float beta, nn_scale *scale) {
    nn_scale_ratio(beta, input->scale, 1.0f, scale);
    scale->shift += 31 - INTEGER_BITS;
    if (scale->shift > 31) {
        scale->shift = 31;
        scale->multiplier = INT32_MAX;
    }
    // The reference requires a factor above 1.
    return (scale->multiplier && scale->shift >= 1) || nn_refuse(build, NN_WHY_BETA_TIMES_INPUT_SCALE_TOO_SMALL);
}

static bool prepare(nn_build *build) {
    nn_info input, output;
    softmax own;
    float beta;
    if (!nn_read_softmax(build, &input, &output, &beta) || !check(build, &input, &output) ||
        !read_scale(build, &input, beta, &own.scale)) {
        return false;
    }
    own.least = -(int32_t)((((1u << INTEGER_BITS) - 1) << (31 - INTEGER_BITS)) >> own.scale.shift);
    own.classes = (uint32_t)input.shape[input.rank - 1];
    own.rows = input.count / own.classes;
    own.wide = output.type == NN_INT16;
    return nn_keep(build, &own, sizeof own);
}

// The exponential of a difference of inputs, in Q0.31.
static int32_t exponential(const softmax *params, int32_t difference) {
    const uint32_t fine = (uint32_t)difference << params->scale.shift;
    return nn_exponential(nn_high_mul((int32_t)fine, params->scale.multiplier), INTEGER_BITS);
}

static int32_t sum_of_exponentials(const softmax *params, const int8_t *row, int32_t largest) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < params->classes; i++) {
        int32_t difference = row[i] - largest;
        if (difference >= params->least) {
            sum += nn_round_shift(exponential(params, difference), SUM_INTEGER_BITS);
        }
    }
    return sum;
}

static void one_row(const softmax *params, const int8_t *row, int8_t *out) {
    int32_t largest = INT8_MIN, least = params->wide ? INT16_MIN : INT8_MIN;
    for (uint32_t i = 0; i < params->classes; i++) {
        largest = row[i] > largest ? row[i] : largest;
    }
    // The sum is at least 1 in Q12.19: the largest input contributes exp(0).
    uint32_t sum = (uint32_t)sum_of_exponentials(params, row, largest);
    int headroom = __builtin_clz(sum);
    int32_t reciprocal = nn_one_over_one_plus((int32_t)((sum << headroom) - (1u << 31)));
    int shift = SUM_INTEGER_BITS - headroom + 31 - (params->wide ? 16 : 8);
    for (uint32_t i = 0; i < params->classes; i++) {
        int32_t difference = row[i] - largest, value = 0;
        if (difference >= params->least && shift <= 31) { // beyond 31 every share is below half a unit
            value = nn_round_shift(nn_high_mul(reciprocal, exponential(params, difference)), shift);
        }
        value = nn_clamp(value + least, least, -1 - least);
        if (params->wide) {
            ((int16_t *)(void *)out)[i] = (int16_t)value;
        } else {
            out[i] = (int8_t)value;
        }
    }
}

static bool run(nn_model *model, const nn_node *node) {
    const softmax *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, node->input);
    int8_t *out = (int8_t *)nn_data(model, node->output);
    for (uint32_t i = 0; i < params->rows; i++) {
        if (!nn_step(model)) {
            return false;
        }
        one_row(params, input, out);
        input += params->classes;
        out += params->classes * (params->wide ? 2 : 1);
    }
    return true;
}

const nn_operator nn_softmax = {BUILTIN_SOFTMAX, OPTIONS_SOFTMAX, 1, 1, NN_NAME("SOFTMAX"), prepare, run};
