// SPDX-License-Identifier: Apache-2.0
// Products of a weight matrix with one or two columns of inputs.
#include "dot.h"

#if NN_DSP

// Two rows of weights times two columns, all `depth` apart, four inputs at a time: 21 instructions for 16 products.
// By hand, because the 14 live values fit the 14 free registers only when one offset serves both pointers.
__attribute__((noinline)) static void dot_2x2(const int8_t *rows, const int8_t *columns, uint32_t depth,
                                              int32_t sums[4]) {
    int32_t a0 = sums[0], a1 = sums[1], b0 = sums[2], b1 = sums[3];
    uint32_t quads = depth / 4, x0, x1, even0, even1, weights, even;
    __asm volatile("1:\n"
                   "ldr %[x1], [%[columns], %[depth]]\n"
                   "ldr %[x0], [%[columns]], #4\n"
                   "sxtb16 %[even0], %[x0]\n"
                   "sxtb16 %[x0], %[x0], ror #8\n"
                   "sxtb16 %[even1], %[x1]\n"
                   "sxtb16 %[x1], %[x1], ror #8\n"
                   "ldr %[weights], [%[rows], %[depth]]\n"
                   "sxtb16 %[even], %[weights]\n"
                   "sxtb16 %[weights], %[weights], ror #8\n"
                   "smlad %[b0], %[even], %[even0], %[b0]\n"
                   "smlad %[b1], %[even], %[even1], %[b1]\n"
                   "smlad %[b0], %[weights], %[x0], %[b0]\n"
                   "smlad %[b1], %[weights], %[x1], %[b1]\n"
                   "ldr %[weights], [%[rows]], #4\n"
                   "sxtb16 %[even], %[weights]\n"
                   "sxtb16 %[weights], %[weights], ror #8\n"
                   "smlad %[a0], %[even], %[even0], %[a0]\n"
                   "smlad %[a1], %[even], %[even1], %[a1]\n"
                   "smlad %[a0], %[weights], %[x0], %[a0]\n"
                   "smlad %[a1], %[weights], %[x1], %[a1]\n"
                   "subs %[quads], %[quads], #1\n"
                   "bne 1b\n"
                   : [a0] "+r"(a0), [a1] "+r"(a1), [b0] "+r"(b0), [b1] "+r"(b1), [rows] "+r"(rows),
                     [columns] "+r"(columns), [quads] "+r"(quads), [x0] "=&r"(x0), [x1] "=&r"(x1), [even0] "=&r"(even0),
                     [even1] "=&r"(even1), [weights] "=&r"(weights), [even] "=&r"(even)
                   : [depth] "r"(depth)
                   : "cc", "memory");
    sums[0] = a0;
    sums[1] = a1;
    sums[2] = b0;
    sums[3] = b1;
}

// Two rows times two columns into four outputs.
static void block_2x2(const nn_dense *dense, uint32_t row, const int8_t *columns, int8_t *out0, int8_t *out1) {
    uint32_t depth = dense->depth;
    const int8_t *rows = dense->weights + (size_t)row * depth;
    int32_t sums[4] = {dense->channels[row].bias, dense->channels[row].bias, dense->channels[row + 1].bias,
                       dense->channels[row + 1].bias};
    if (depth >= 4) {
        dot_2x2(rows, columns, depth, sums);
    }
    for (uint32_t k = depth & ~3u; k < depth; k++) {
        sums[0] += rows[k] * columns[k];
        sums[1] += rows[k] * columns[depth + k];
        sums[2] += rows[depth + k] * columns[k];
        sums[3] += rows[depth + k] * columns[depth + k];
    }
    nn_requantize_two(dense, row, sums, out0 + row, out1 + row);
    nn_requantize_two(dense, row + 1, sums + 2, out0 + row + 1, out1 + row + 1);
}

// Four rows of weights, `depth` apart, times one column, four inputs at a time: 25 instructions for 16 products.
__attribute__((noinline)) static void dot_4x1(const int8_t *rows, const int8_t *column, uint32_t depth,
                                              int32_t sums[4]) {
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    uint32_t quads = depth / 4, x, x_even, weights, even;
    __asm volatile(
        "1:\n"
        "ldr %[x], [%[column]], #4\n"
        "sxtb16 %[x_even], %[x]\n"
        "sxtb16 %[x], %[x], ror #8\n"
        "ldr %[weights], [%[rows], %[depth]]\n"
        "sxtb16 %[even], %[weights]\n"
        "sxtb16 %[weights], %[weights], ror #8\n"
        "smlad %[b], %[even], %[x_even], %[b]\n"
        "smlad %[b], %[weights], %[x], %[b]\n"
        "ldr %[weights], [%[rows], %[twice]]\n"
        "sxtb16 %[even], %[weights]\n"
        "sxtb16 %[weights], %[weights], ror #8\n"
        "smlad %[c], %[even], %[x_even], %[c]\n"
        "smlad %[c], %[weights], %[x], %[c]\n"
        "ldr %[weights], [%[rows], %[thrice]]\n"
        "sxtb16 %[even], %[weights]\n"
        "sxtb16 %[weights], %[weights], ror #8\n"
        "smlad %[d], %[even], %[x_even], %[d]\n"
        "smlad %[d], %[weights], %[x], %[d]\n"
        "ldr %[weights], [%[rows]], #4\n"
        "sxtb16 %[even], %[weights]\n"
        "sxtb16 %[weights], %[weights], ror #8\n"
        "smlad %[a], %[even], %[x_even], %[a]\n"
        "smlad %[a], %[weights], %[x], %[a]\n"
        "subs %[quads], %[quads], #1\n"
        "bne 1b\n"
        : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [rows] "+r"(rows), [column] "+r"(column),
          [quads] "+r"(quads), [x] "=&r"(x), [x_even] "=&r"(x_even), [weights] "=&r"(weights), [even] "=&r"(even)
        : [depth] "r"(depth), [twice] "r"(2 * depth), [thrice] "r"(3 * depth)
        : "cc", "memory");
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

// Four rows times one column into four outputs.
static void block_4x1(const nn_dense *dense, uint32_t row, const int8_t *column, int8_t *out) {
    uint32_t depth = dense->depth;
    const nn_channel *channels = dense->channels + row;
    const int8_t *rows = dense->weights + (size_t)row * depth;
    int32_t sums[4] = {channels[0].bias, channels[1].bias, channels[2].bias, channels[3].bias};
    if (depth >= 4) {
        dot_4x1(rows, column, depth, sums);
    }
    for (uint32_t k = depth & ~3u; k < depth; k++) {
        for (uint32_t i = 0; i < 4; i++) {
            sums[i] += rows[i * depth + k] * column[k];
        }
    }
    nn_requantize_quad(dense, row, sums, out);
}

#endif

static int32_t dot(const nn_dense *dense, uint32_t row, const int8_t *column) {
    const int8_t *weights = dense->weights + (size_t)row * dense->depth;
    int32_t sum = dense->channels[row].bias;
    for (uint32_t k = 0; k < dense->depth; k++) {
        sum += weights[k] * column[k];
    }
    return sum;
}

static void one_column(const nn_dense *dense, const int8_t *column, int8_t *out) {
    uint32_t row = 0;
#if NN_DSP
    for (; row + 3 < dense->rows; row += 4) {
        block_4x1(dense, row, column, out);
    }
    if (row < dense->rows && row > 0) { // the last rows once more with those before them: cheaper than one by one
        block_4x1(dense, dense->rows - 4, column, out);
        row = dense->rows;
    }
#endif
    for (; row < dense->rows; row++) {
        out[row] = nn_requantize(dense, row, dot(dense, row, column));
    }
}

static void two_columns(const nn_dense *dense, const int8_t *columns, int8_t *out0, int8_t *out1) {
    uint32_t row = 0;
#if NN_DSP
    for (; row + 1 < dense->rows; row += 2) {
        block_2x2(dense, row, columns, out0, out1);
    }
#endif
    for (; row < dense->rows; row++) {
        out0[row] = nn_requantize(dense, row, dot(dense, row, columns));
        out1[row] = nn_requantize(dense, row, dot(dense, row, columns + dense->depth));
    }
}

void nn_dense_run(const nn_dense *dense, const int8_t *columns, uint32_t count, int8_t *out) {
    for (; count >= 2; count -= 2, columns += 2 * dense->depth, out += 2 * dense->rows) {
        two_columns(dense, columns, out, out + dense->rows);
    }
    if (count) {
        one_column(dense, columns, out);
    }
}
