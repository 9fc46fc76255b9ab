// SPDX-License-Identifier: Apache-2.0
// Products of a weight matrix with columns of inputs, in portable C: dense_dsp.c has the ones for Cortex-M4.
#include "dot.h"

#if !NN_DSP

void nn_dense_column(const nn_dense *dense, const int8_t *column, int8_t *out) {
    const int8_t *weights = dense->weights;
    int32_t zero = dense->input_zero;
    for (uint32_t row = 0; row < dense->rows; row++, weights += dense->depth) {
        const nn_channel channel = nn_channel_of(dense, row);
        int32_t sum = nn_bias(dense, row);
        for (uint32_t k = 0; k < dense->depth; k++) {
            sum += weights[k] * (column[k] - zero);
        }
        out[row] = nn_requantize(dense, sum, &channel);
    }
}

// The scratch holds the differences of the columns from the zero point side by side, input by input.
void nn_dense_put(const nn_dense *dense, void *scratch, uint32_t index, const int8_t *column) {
    int16_t *to = (int16_t *)scratch + index;
    for (uint32_t k = 0; k < dense->depth; k++, to += NN_COLUMNS) {
        *to = (int16_t)(column[k] - dense->input_zero);
    }
}

// One row of weights, loaded once for all four columns.
static void dot_1x4(const int8_t *weights, const int16_t *x, uint32_t depth, int32_t sums[NN_COLUMNS]) {
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    for (const int8_t *end = weights + depth; weights < end; weights++, x += NN_COLUMNS) {
        int32_t weight = *weights;
        a += weight * x[0];
        b += weight * x[1];
        c += weight * x[2];
        d += weight * x[3];
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

static int32_t dot_1x1(const int8_t *weights, const int16_t *x, uint32_t depth, int32_t sum) {
    for (uint32_t k = 0; k < depth; k++, x += NN_COLUMNS) {
        sum += weights[k] * *x;
    }
    return sum;
}

void nn_dense_columns(const nn_dense *dense, const void *scratch, uint32_t count, int8_t *out) {
    const int8_t *weights = dense->weights;
    for (uint32_t row = 0; row < dense->rows; row++, weights += dense->depth) {
        const nn_channel channel = nn_channel_of(dense, row);
        int32_t bias = nn_bias(dense, row), sums[NN_COLUMNS] = {bias, bias, bias, bias};
        if (count == NN_COLUMNS) {
            dot_1x4(weights, scratch, dense->depth, sums);
        }
        for (uint32_t i = 0; i < count; i++) {
            if (count < NN_COLUMNS) {
                sums[i] = dot_1x1(weights, (const int16_t *)scratch + i, dense->depth, bias);
            }
            out[i * dense->rows + row] = nn_requantize(dense, sums[i], &channel);
        }
    }
}

#endif
