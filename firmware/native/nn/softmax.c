// SPDX-License-Identifier: Apache-2.0
// SOFTMAX of int8 to int8 or int16, in gemmlowp's fixed point: exponentials in Q0.31, their sum in Q12.19.
#include "registry.h"
#include "scale.h"
#include "schema.h"
#include "tensor.h"

#define INTEGER_BITS     5  // of a scaled difference
#define SUM_INTEGER_BITS 12 // of the sum: at most 4,095 classes
#define MAX_CLASSES      4095u

typedef struct {
    nn_scale scale; // from a difference of inputs to Q5.26
    int32_t least;  // smallest difference whose exponential counts
    uint32_t classes, rows;
    uint16_t input, output;
    bool wide; // int16 output
} softmax;

static bool check(nn_build *build, const nn_info *input, const nn_info *output) {
    if (!nn_need_int8(build, input) || !nn_need_quantised(build, output)) {
        return false;
    }
    if (input->rank < 1 || input->rank != output->rank ||
        memcmp(input->shape, output->shape, sizeof input->shape) != 0) {
        return nn_malformed(build, "input and output have different shapes");
    }
    if (output->type != NN_INT8 && output->type != NN_INT16) {
        return nn_unsupported(build, "output that is neither int8 nor int16");
    }
    if (output->zero_point != (output->type == NN_INT8 ? INT8_MIN : INT16_MIN)) {
        return nn_malformed(build, "output whose zero point is not its smallest value");
    }
    return (uint32_t)input->shape[input->rank - 1] <= MAX_CLASSES ||
           nn_fail(build, NN_TOO_LARGE, "more than 4095 classes");
}

// min(beta * scale * 2^26, 2^31 - 1) as fixed point (PreprocessSoftmaxScaling).
static bool read_scale(nn_build *build, const nn_info *input, nn_scale *scale) {
    uint32_t field = nn_fb_field(&build->model->file, build->options, SOFTMAX_BETA, 4);
    float beta = field ? nn_load_f32(build->model->file.data + field) : 0;
    if (!nn_scale_valid(beta)) {
        return nn_malformed(build, "beta is not a positive number");
    }
    *scale = nn_scale_ratio(beta, input->scale, 1.0f);
    scale->shift += 31 - INTEGER_BITS;
    if (scale->shift > 31) {
        scale->shift = 31;
        scale->multiplier = INT32_MAX;
    }
    // The reference requires a factor above 1.
    return (scale->multiplier && scale->shift >= 1) || nn_malformed(build, "beta times the input's scale is too small");
}

static bool prepare(nn_build *build) {
    nn_info input, output;
    nn_scale scale;
    if (!nn_read_input(build, 0, &input) || !nn_read_output(build, &output) || !check(build, &input, &output) ||
        !read_scale(build, &input, &scale)) {
        return false;
    }
    softmax *params = nn_take(build, sizeof *params);
    if (params == NULL) {
        return nn_measuring(build);
    }
    build->node->params = params;
    params->scale = scale;
    params->least = -(int32_t)((((1ll << INTEGER_BITS) - 1) << (31 - INTEGER_BITS)) >> scale.shift);
    params->classes = (uint32_t)input.shape[input.rank - 1];
    params->rows = input.count / params->classes;
    params->input = input.index;
    params->output = output.index;
    params->wide = output.type == NN_INT16;
    return true;
}

static int32_t multiply(int32_t a, int32_t b) {
    return nn_high_mul(a, b);
}

static int32_t shift_left(int32_t x, int exponent) {
    int64_t wide = (int64_t)x * (1ll << exponent);
    return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
}

// exp of a negative Q5.26 number as Q0.31 (exp_on_negative_values): a polynomial around -1/8 on [-1/4, 0), then one
// factor exp(-2^k) for each remaining bit.
static int32_t exponential(int32_t a) {
    static const int32_t factors[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t quarter = 1 << 24, exp_of_minus_eighth = 1895147668, third = 715827883;
    if (a == 0) {
        return INT32_MAX;
    }
    int32_t rest = (a & (quarter - 1)) - quarter;
    int32_t x = shift_left(rest, INTEGER_BITS) + (1 << 28);
    int32_t x2 = multiply(x, x), x3 = multiply(x2, x), x4 = multiply(x2, x2);
    int32_t polynomial = nn_round_shift(multiply(nn_round_shift(x4, 2) + x3, third) + x2, 1);
    int32_t result = exp_of_minus_eighth + multiply(exp_of_minus_eighth, x + polynomial);
    int32_t whole = rest - a;
    for (int k = 0; k < 7; k++) {
        if (whole & (1 << (24 + k))) {
            result = multiply(result, factors[k]);
        }
    }
    return result;
}

// 1 / (1 + x) for x in [0, 1), Q0.31, by three Newton steps (one_over_one_plus_x_for_x_in_0_1).
static int32_t one_over_one_plus(int32_t x) {
    const int32_t forty_eight_17ths = 1515870810, minus_thirty_two_17ths = -1010580540;
    int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
    int32_t guess = forty_eight_17ths + multiply(minus_thirty_two_17ths, half);
    for (int i = 0; i < 3; i++) {
        int32_t error = (1 << 29) - multiply(half, guess);
        guess += shift_left(multiply(guess, error), 2);
    }
    return shift_left(guess, 1);
}

static int32_t scaled(const softmax *params, int32_t difference) {
    return nn_high_mul((int32_t)((uint32_t)difference << params->scale.shift), params->scale.multiplier);
}

static int32_t sum_of_exponentials(const softmax *params, const int8_t *row, int32_t largest) {
    int32_t sum = 0;
    for (uint32_t i = 0; i < params->classes; i++) {
        int32_t difference = row[i] - largest;
        if (difference >= params->least) {
            sum += nn_round_shift(exponential(scaled(params, difference)), SUM_INTEGER_BITS);
        }
    }
    return sum;
}

static void one_row(const softmax *params, const int8_t *row, int8_t *out) {
    int32_t largest = INT8_MIN;
    for (uint32_t i = 0; i < params->classes; i++) {
        largest = row[i] > largest ? row[i] : largest;
    }
    // The sum is at least 1 in Q12.19: the largest input contributes exp(0).
    uint32_t sum = (uint32_t)sum_of_exponentials(params, row, largest);
    int headroom = __builtin_clz(sum);
    int32_t reciprocal = one_over_one_plus((int32_t)((sum << headroom) - (1u << 31)));
    int shift = SUM_INTEGER_BITS - headroom + 31 - (params->wide ? 16 : 8);
    for (uint32_t i = 0; i < params->classes; i++) {
        int32_t difference = row[i] - largest, value = 0;
        if (difference >= params->least && shift <= 31) { // beyond 31 every share is below half a unit
            value = nn_round_shift(multiply(reciprocal, exponential(scaled(params, difference))), shift);
        }
        if (params->wide) {
            ((int16_t *)(void *)out)[i] = (int16_t)nn_clamp(value + INT16_MIN, INT16_MIN, INT16_MAX);
        } else {
            out[i] = (int8_t)nn_clamp(value + INT8_MIN, INT8_MIN, INT8_MAX);
        }
    }
}

static bool run(nn_model *model, const nn_node *node) {
    const softmax *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, params->input);
    int8_t *out = (int8_t *)nn_data(model, params->output);
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

const nn_operator nn_softmax = {BUILTIN_SOFTMAX, OPTIONS_SOFTMAX, 1, 1, "SOFTMAX", prepare, run};
