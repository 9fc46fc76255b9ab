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

void nn_dense_put(const nn_dense *dense, void *scratch, uint32_t index, const int8_t *column) {
    int16_t *to = (int16_t *)scratch + index * dense->depth;
    for (uint32_t k = 0; k < dense->depth; k++) {
        to[k] = (int16_t)(column[k] - dense->input_zero);
    }
}

static void one_column(const nn_dense *dense, const int16_t *column, int8_t *out) {
    const int8_t *weights = dense->weights;
    for (uint32_t row = 0; row < dense->rows; row++, weights += dense->depth) {
        const nn_channel channel = nn_channel_of(dense, row);
        int32_t sum = nn_bias(dense, row);
        for (uint32_t k = 0; k < dense->depth; k++) {
            sum += weights[k] * column[k];
        }
        out[row] = nn_requantize(dense, sum, &channel);
    }
}

void nn_dense_columns(const nn_dense *dense, const void *scratch, uint32_t count, int8_t *out) {
    const int16_t *column = scratch;
    for (uint32_t i = 0; i < count; i++, column += dense->depth, out += dense->rows) {
        one_column(dense, column, out);
    }
}

#endif
