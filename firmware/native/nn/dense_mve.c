// SPDX-License-Identifier: Apache-2.0
// Products of a weight matrix with columns of inputs, for Cortex-M55 and others with MVE: sixteen at a time.
#include "mve.h"

#if NN_MVE

#define LANES 16u

// Two rows of weights, `depth` apart, times one column. The zero point is taken off by the sums of the weights.
static void dot_2x1(const nn_dense *dense, const int8_t *rows, const int8_t *column, int32_t sums[2]) {
    const int8_t *other = rows + dense->depth;
    int32_t a = 0, b = 0, all_a = 0, all_b = 0;
    for (uint32_t blocks = dense->depth / LANES; blocks > 0; blocks--) {
        const int8x16_t x = vldrbq_s8(column), first = vldrbq_s8(rows), second = vldrbq_s8(other);
        a = vmladavaq_s8(a, first, x);
        all_a = vaddvaq_s8(all_a, first);
        b = vmladavaq_s8(b, second, x);
        all_b = vaddvaq_s8(all_b, second);
        column += LANES, rows += LANES, other += LANES;
    }
    if (dense->depth % LANES) {
        const mve_pred16_t rest = vctp8q(dense->depth % LANES);
        const int8x16_t x = vldrbq_z_s8(column, rest), first = vldrbq_z_s8(rows, rest);
        const int8x16_t second = vldrbq_z_s8(other, rest); // zero in the other lanes
        a = vmladavaq_s8(a, first, x);
        all_a = vaddvaq_s8(all_a, first);
        b = vmladavaq_s8(b, second, x);
        all_b = vaddvaq_s8(all_b, second);
    }
    sums[0] += a - dense->input_zero * all_a;
    sums[1] += b - dense->input_zero * all_b;
}

static void four_rows(const nn_dense *dense, uint32_t row, const int8_t *column, int8_t *out) {
    const nn_mve_factors factors = nn_mve_factors_of(dense, row);
    const int8_t *weights = dense->weights + (size_t)row * dense->depth;
    int32_t sums[4];
    for (uint32_t i = 0; i < 4; i++) {
        sums[i] = nn_bias(dense, row + i);
    }
    dot_2x1(dense, weights, column, sums);
    dot_2x1(dense, weights + 2 * (size_t)dense->depth, column, sums + 2);
    nn_mve_put_rows(dense, row, sums, &factors, out + row);
}

static void one_row(const nn_dense *dense, uint32_t row, const int8_t *column, int8_t *out) {
    const int8_t *weights = dense->weights + (size_t)row * dense->depth;
    const nn_channel channel = nn_channel_of(dense, row);
    int32_t sum = nn_bias(dense, row);
    for (uint32_t k = 0; k < dense->depth; k++) {
        sum += weights[k] * (column[k] - dense->input_zero);
    }
    out[row] = nn_requantize(dense, sum, &channel);
}

void nn_dense_column(const nn_dense *dense, const int8_t *column, int8_t *out) {
    uint32_t row = 0;
    for (; row + 3 < dense->rows; row += 4) {
        four_rows(dense, row, column, out);
    }
    if (row < dense->rows && row > 0) { // the last rows once more with those before them: cheaper than one by one
        four_rows(dense, dense->rows - 4, column, out);
        row = dense->rows;
    }
    for (; row < dense->rows; row++) {
        one_row(dense, row, column, out);
    }
}

// The scratch holds sixteen inputs of each column side by side, then what is left of each.
void nn_dense_put(const nn_dense *dense, void *scratch, uint32_t index, const int8_t *column) {
    int8_t *to = (int8_t *)scratch + LANES * index;
    for (uint32_t blocks = dense->depth / LANES; blocks > 0; blocks--) {
        vstrbq_s8(to, vldrbq_s8(column));
        column += LANES, to += LANES * NN_COLUMNS;
    }
    uint32_t rest = dense->depth % LANES;
    if (rest) {
        const mve_pred16_t some = vctp8q(rest);
        vstrbq_p_s8(to - LANES * index + rest * index, vldrbq_z_s8(column, some), some);
    }
}

// One row of weights times the four columns of the scratch; sums of neighbours lie `step` apart.
static inline void dot_1x4(const nn_dense *dense, uint32_t row, const int8_t *x, int32_t *sums, uint32_t step) {
    const int8_t *weights = dense->weights + (size_t)row * dense->depth;
    int32_t a = 0, b = 0, c = 0, d = 0, all = 0;
    for (uint32_t blocks = dense->depth / LANES; blocks > 0; blocks--) {
        const int8x16_t w = vldrbq_s8(weights);
        a = vmladavaq_s8(a, w, vldrbq_s8(x));
        b = vmladavaq_s8(b, w, vldrbq_s8(x + LANES));
        c = vmladavaq_s8(c, w, vldrbq_s8(x + 2 * LANES));
        d = vmladavaq_s8(d, w, vldrbq_s8(x + 3 * LANES));
        all = vaddvaq_s8(all, w);
        weights += LANES, x += LANES * NN_COLUMNS;
    }
    uint32_t rest = dense->depth % LANES;
    if (rest) {
        const mve_pred16_t some = vctp8q(rest);
        const int8x16_t w = vldrbq_z_s8(weights, some); // zero in the other lanes
        a = vmladavaq_s8(a, w, vldrbq_z_s8(x, some));
        b = vmladavaq_s8(b, w, vldrbq_z_s8(x + rest, some));
        c = vmladavaq_s8(c, w, vldrbq_z_s8(x + 2 * rest, some));
        d = vmladavaq_s8(d, w, vldrbq_z_s8(x + 3 * rest, some));
        all = vaddvaq_s8(all, w);
    }
    int32_t start = nn_bias(dense, row) - dense->input_zero * all;
    sums[0] = a + start, sums[step] = b + start, sums[2 * step] = c + start, sums[3 * step] = d + start;
}

static void four_rows_of_columns(const nn_dense *dense, uint32_t row, const int8_t *x, uint32_t count, int8_t *out) {
    const nn_mve_factors factors = nn_mve_factors_of(dense, row);
    int32_t sums[NN_COLUMNS][4];
    for (uint32_t i = 0; i < 4; i++) {
        dot_1x4(dense, row + i, x, &sums[0][i], 4);
    }
    for (uint32_t i = 0; i < count; i++) {
        nn_mve_put_rows(dense, row, sums[i], &factors, out + i * dense->rows + row);
    }
}

static void one_row_of_columns(const nn_dense *dense, uint32_t row, const int8_t *x, uint32_t count, int8_t *out) {
    const nn_channel channel = nn_channel_of(dense, row);
    int32_t sums[NN_COLUMNS];
    dot_1x4(dense, row, x, sums, 1);
    for (uint32_t i = 0; i < count; i++) {
        out[i * dense->rows + row] = nn_requantize(dense, sums[i], &channel);
    }
}

void nn_dense_columns(const nn_dense *dense, const void *scratch, uint32_t count, int8_t *out) {
    uint32_t row = 0;
    for (; row + 3 < dense->rows; row += 4) {
        four_rows_of_columns(dense, row, scratch, count, out);
    }
    if (row < dense->rows && row > 0) { // as in nn_dense_column
        four_rows_of_columns(dense, dense->rows - 4, scratch, count, out);
        row = dense->rows;
    }
    for (; row < dense->rows; row++) {
        one_row_of_columns(dense, row, scratch, count, out);
    }
}

#endif
