// SPDX-License-Identifier: Apache-2.0
// SOFTMAX of int16: exponentials of [-10, 0] from a table, the reciprocal of their sum as if from another one.
#include "small.h" // first, for the functions in the others

#include "int16_tables.h"
#include "registry.h"
#include "scale.h"
#include "schema.h"
#include "softmax.h"

#define MAX_CLASSES 65535u // so that the sum of exponentials fits 31 bits
#define MOST_SHIFT  15     // so that a scaled difference fits 32 bits

typedef struct {
    nn_scale scale; // from a difference of inputs to [-65535, 0] for [-10, 0]
    uint32_t classes, rows;
} softmax16;

static bool check(nn_build *build, const nn_info *input, const nn_info *output) {
    if (!nn_need_int16(build, input) || !nn_need_int16(build, output)) {
        return false;
    }
    if (input->constant != NULL) {
        return nn_refuse(build, NN_WHY_INPUT_CONSTANT);
    }
    if (output->scale < 0.999f / 32768 || output->scale > 1.001f / 32768) {
        return nn_refuse(build, NN_WHY_OUTPUT_SCALE_NOT_1_32768);
    }
    return (uint32_t)input->shape[input->rank - 1] <= MAX_CLASSES || nn_refuse(build, NN_WHY_MORE_65535_CLASSES);
}

static bool prepare(nn_build *build) {
    nn_info input, output;
    softmax16 own;
    float beta;
    if (!nn_read_softmax(build, &input, &output, &beta) || !check(build, &input, &output)) {
        return false;
    }
    nn_scale_softmax(input.scale, beta, &own.scale);
    if (own.scale.shift > MOST_SHIFT) {
        return nn_refuse(build, NN_WHY_BETA_TIMES_INPUT_SCALE_TOO_LARGE);
    }
    own.classes = (uint32_t)input.shape[input.rank - 1];
    own.rows = input.count / own.classes;
    return nn_keep(build, &own, sizeof own);
}

// Between two neighbours of a table, at the low 7 bits of `x`.
static int32_t interpolate(int32_t base, int32_t next, int32_t x) {
    return base + (((next - base) * (x & 127) + 64) >> 7);
}

static int32_t exponential(const softmax16 *params, int32_t difference) {
    int32_t x = nn_clamp(nn_rescale(difference, params->scale) + 32767, INT16_MIN, INT16_MAX);
    const int16_t *entry = nn_exp_table + 256 + (x >> 7);
    return interpolate(entry[0], entry[1], x);
}

// 2^(24 + half) / divisor with 9 more bits, which is what single precision keeps of it.
static uint32_t quotient(int half, uint32_t divisor) {
    return (uint32_t)(((1ull << (34 + half)) / divisor + 1) >> 1);
}

// Entry i of 512 of a table of 1 / (1 + x) for x in [0, 1], in Q0.15, as the reference makes it: moved by half the
// error that interpolation has in the middle.
static int32_t reciprocal_entry(uint32_t i) {
    if (i == 512) {
        return 1 << 14;
    }
    uint32_t sample = (quotient(0, 512 + i) + 256) >> 9;
    uint32_t twice = quotient(0, 513 + i) + (sample << 9);
    twice = (twice >> 1) + ((twice & 3) == 3); // single precision has one bit less for the sum, ties to even
    int32_t error = (int32_t)((twice + 256) >> 9) - (int32_t)((quotient(1, 1025 + 2 * i) + 256) >> 9);
    int32_t entry = (int32_t)sample - ((error + (error > 0)) >> 1);
    return entry < INT16_MAX ? entry : INT16_MAX;
}

static void one_row(const softmax16 *params, const int16_t *row, int16_t *out) {
    int32_t largest = INT16_MIN;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < params->classes; i++) {
        largest = row[i] > largest ? row[i] : largest;
    }
    for (uint32_t i = 0; i < params->classes; i++) {
        out[i] = (int16_t)exponential(params, row[i] - largest);
        sum += (uint32_t)out[i];
    }
    // The sum is at least 2^14: the largest input contributes exp(0).
    int headroom = __builtin_clz(sum);
    uint32_t shifted = ((sum << (headroom - 1)) + (1 << 13)) >> 14; // 1 + x in Q1.16
    int32_t x = nn_clamp((int32_t)shifted - 3 * (1 << 15), INT16_MIN, INT16_MAX);
    uint32_t index = (uint32_t)(256 + (x >> 7));
    int32_t reciprocal = interpolate(reciprocal_entry(index), reciprocal_entry(index + 1), x);
    int right = 31 - headroom;
    for (uint32_t i = 0; i < params->classes; i++) {
        int32_t share = (out[i] * reciprocal + (1 << (right - 1))) >> right;
        out[i] = (int16_t)nn_clamp(share, 0, INT16_MAX);
    }
}

static bool run(nn_model *model, const nn_node *node) {
    const softmax16 *params = node->params;
    const int16_t *input = (const int16_t *)(const void *)nn_data(model, node->input);
    int16_t *out = (int16_t *)(void *)nn_data(model, node->output);
    for (uint32_t i = 0; i < params->rows; i++) {
        if (!nn_step(model)) {
            return false;
        }
        one_row(params, input, out);
        input += params->classes;
        out += params->classes;
    }
    return true;
}

const nn_operator nn_softmax_int16 = {BUILTIN_SOFTMAX, OPTIONS_SOFTMAX, 1, 1, NN_NAME("SOFTMAX"), prepare, run};
