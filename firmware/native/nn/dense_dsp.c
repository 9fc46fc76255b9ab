// SPDX-License-Identifier: Apache-2.0
// Products of a weight matrix with columns of inputs, for Cortex-M cores with the DSP extension.
#include "dot.h"

#if NN_DSP && !NN_MVE

// Four rows of weights, `depth` apart, times one column, four inputs at a time: 25 instructions for 16 products. By
// hand, because 14 values live here and there are 14 free registers.
__attribute__((noinline)) static void dot_4x1(const nn_dense *dense, const int8_t *rows, const int8_t *column,
                                              int32_t sums[4]) {
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    uint32_t quads = dense->depth / 4, x, x_even, weights, even;
    const int8_t *last_rows = rows + 2 * dense->depth;
    __asm volatile("1:\n"
                   "ldr %[x], [%[column]], #4\n"
                   "sxtab16 %[x_even], %[zero], %[x]\n"
                   "sxtab16 %[x], %[zero], %[x], ror #8\n"
                   "ldr %[weights], [%[rows], %[depth]]\n"
                   "sxtb16 %[even], %[weights]\n"
                   "sxtb16 %[weights], %[weights], ror #8\n"
                   "smlad %[b], %[even], %[x_even], %[b]\n"
                   "smlad %[b], %[weights], %[x], %[b]\n"
                   "ldr %[weights], [%[last], %[depth]]\n"
                   "sxtb16 %[even], %[weights]\n"
                   "sxtb16 %[weights], %[weights], ror #8\n"
                   "smlad %[d], %[even], %[x_even], %[d]\n"
                   "smlad %[d], %[weights], %[x], %[d]\n"
                   "ldr %[weights], [%[last]], #4\n"
                   "sxtb16 %[even], %[weights]\n"
                   "sxtb16 %[weights], %[weights], ror #8\n"
                   "smlad %[c], %[even], %[x_even], %[c]\n"
                   "smlad %[c], %[weights], %[x], %[c]\n"
                   "ldr %[weights], [%[rows]], #4\n"
                   "sxtb16 %[even], %[weights]\n"
                   "sxtb16 %[weights], %[weights], ror #8\n"
                   "smlad %[a], %[even], %[x_even], %[a]\n"
                   "smlad %[a], %[weights], %[x], %[a]\n"
                   "subs %[quads], %[quads], #1\n"
                   "bne 1b\n"
                   : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [rows] "+r"(rows), [last] "+r"(last_rows),
                     [column] "+r"(column), [quads] "+r"(quads), [x] "=&r"(x), [x_even] "=&r"(x_even),
                     [weights] "=&r"(weights), [even] "=&r"(even)
                   : [depth] "r"(dense->depth), [zero] "r"(nn_minus_twice(dense->input_zero))
                   : "cc", "memory");
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

// Four rows times one column into four outputs.
static void block_4x1(const nn_dense *dense, uint32_t row, const int8_t *column, int8_t *out) {
    uint32_t depth = dense->depth;
    const int8_t *rows = dense->weights + (size_t)row * depth;
    int32_t sums[4];
    for (uint32_t i = 0; i < 4; i++) {
        sums[i] = nn_bias(dense, row + i);
    }
    if (depth >= 4) {
        dot_4x1(dense, rows, column, sums);
    }
    for (uint32_t k = depth & ~3u; k < depth; k++) {
        for (uint32_t i = 0; i < 4; i++) {
            sums[i] += rows[i * depth + k] * (column[k] - dense->input_zero);
        }
    }
    for (uint32_t i = 0; i < 4; i++) {
        out[row + i] = nn_output_of(dense, row + i, sums[i]);
    }
}

static void row_of_column(const nn_dense *dense, uint32_t row, const int8_t *column, int8_t *out) {
    const int8_t *weights = dense->weights + (size_t)row * dense->depth;
    int32_t sum = nn_bias(dense, row);
    for (uint32_t k = 0; k < dense->depth; k++) {
        sum += weights[k] * (column[k] - dense->input_zero);
    }
    out[row] = nn_output_of(dense, row, sum);
}

void nn_dense_column(const nn_dense *dense, const int8_t *column, int8_t *out) {
    uint32_t row = 0;
    for (; row + 3 < dense->rows; row += 4) {
        block_4x1(dense, row, column, out);
    }
    if (row < dense->rows && row > 0) { // the last rows once more with those before them: cheaper than one by one
        block_4x1(dense, dense->rows - 4, column, out);
        row = dense->rows;
    }
    for (; row < dense->rows; row++) {
        row_of_column(dense, row, column, out);
    }
}

// Four bytes of which only `count` are there; the others are `fill`.
static uint32_t load_some(const int8_t *from, uint32_t count, int32_t fill) {
    uint32_t four = ((uint32_t)fill & 0xFF) * 0x01010101u;
    memcpy(&four, from, count);
    return four;
}

// The scratch holds, for each four inputs, two words of each column: the differences from the zero point of inputs 0
// and 2, and of inputs 1 and 3.
void nn_dense_put(const nn_dense *dense, void *scratch, uint32_t index, const int8_t *column) {
    uint32_t *to = (uint32_t *)scratch + 2 * index;
    const uint32_t zero = nn_minus_twice(dense->input_zero);
    for (int32_t left = (int32_t)dense->depth; left > 0; left -= 4, column += 4, to += 2 * NN_COLUMNS) {
        uint32_t x = left >= 4 ? nn_load4(column) : load_some(column, (uint32_t)left, dense->input_zero);
        to[0] = nn_add_even(zero, x);
        to[1] = nn_add_odd(zero, x);
    }
}

#define QUAD_1X4                                                                                                       \
    "ldr %[odd], [%[weights]], #4\n"                                                                                   \
    "ldmia %[x]!, {%[x0], %[x1], %[x2], %[x3]}\n"                                                                      \
    "sxtb16 %[even], %[odd]\n"                                                                                         \
    "sxtb16 %[odd], %[odd], ror #8\n"                                                                                  \
    "smlad %[a], %[even], %[x0], %[a]\n"                                                                               \
    "smlad %[b], %[even], %[x2], %[b]\n"                                                                               \
    "smlad %[a], %[odd], %[x1], %[a]\n"                                                                                \
    "smlad %[b], %[odd], %[x3], %[b]\n"                                                                                \
    "ldmia %[x]!, {%[x0], %[x1], %[x2], %[x3]}\n"                                                                      \
    "smlad %[c], %[even], %[x0], %[c]\n"                                                                               \
    "smlad %[d], %[even], %[x2], %[d]\n"                                                                               \
    "smlad %[c], %[odd], %[x1], %[c]\n"                                                                                \
    "smlad %[d], %[odd], %[x3], %[d]\n"

// One row of weights times the four columns of the scratch: 28 instructions for 32 products. Not inlined, so that the
// inline assembly is there once.
__attribute__((noinline)) static void dot_1x4(const int8_t *weights, const uint32_t *x, uint32_t quads,
                                              int32_t sums[4]) {
    int32_t a = sums[0], b = sums[1], c = sums[2], d = sums[3];
    register uint32_t x0 __asm("r3");
    register uint32_t x1 __asm("r4"); // ldm fills registers in ascending order
    register uint32_t x2 __asm("r5");
    register uint32_t x3 __asm("r6");
    uint32_t even, odd;
    __asm volatile(
        "lsrs %[quads], %[quads], #1\n"
        "bcc 1f\n" QUAD_1X4 "beq 2f\n"
        "1:\n" QUAD_1X4 QUAD_1X4 "subs %[quads], %[quads], #1\n"
        "bne 1b\n"
        "2:\n"
        : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [weights] "+r"(weights), [x] "+r"(x), [quads] "+r"(quads),
          [x0] "=&r"(x0), [x1] "=&r"(x1), [x2] "=&r"(x2), [x3] "=&r"(x3), [even] "=&r"(even), [odd] "=&r"(odd)
        :
        : "cc", "memory");
    sums[0] = a;
    sums[1] = b;
    sums[2] = c;
    sums[3] = d;
}

// The same for the inputs behind the last four. What lies behind the weights must not be read.
static void dot_rest(const nn_dense *dense, const int8_t *weights, const uint32_t *x, int32_t sums[4]) {
    uint32_t whole = dense->depth & ~3u, rest = load_some(weights + whole, dense->depth & 3, 0);
    x += 2 * NN_COLUMNS * (whole / 4);
    for (uint32_t i = 0; i < NN_COLUMNS; i++) {
        sums[i] = nn_multiply_pairs(nn_even(rest), x[2 * i], sums[i]);
        sums[i] = nn_multiply_pairs(nn_odd(rest), x[2 * i + 1], sums[i]);
    }
}

static void put_out(const nn_dense *dense, uint32_t row, const int32_t sums[4], uint32_t count, int8_t *out) {
    const nn_channel channel = nn_channel_of(dense, row);
    if (count == NN_COLUMNS && dense->fast && dense->low == INT8_MIN && dense->high == INT8_MAX) {
        uint32_t rows = dense->rows;
        int32_t a = nn_scale_fast(sums[0], &channel), b = nn_scale_fast(sums[1], &channel);
        int32_t c = nn_scale_fast(sums[2], &channel), d = nn_scale_fast(sums[3], &channel);
        out[0] = (int8_t)a;
        out[rows] = (int8_t)b;
        out[2 * rows] = (int8_t)c;
        out[3 * rows] = (int8_t)d;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        out[i * dense->rows] = nn_output_of(dense, row, sums[i]);
    }
}

void nn_dense_columns(const nn_dense *dense, const void *scratch, uint32_t count, int8_t *out) {
    const int8_t *weights = dense->weights;
    for (uint32_t row = 0; row < dense->rows; row++, weights += dense->depth) {
        int32_t bias = nn_bias(dense, row);
        int32_t sums[4] = {bias, bias, bias, bias};
        if (dense->depth >= 4) {
            dot_1x4(weights, scratch, dense->depth / 4, sums);
        }
        if (dense->depth & 3) {
            dot_rest(dense, weights, scratch, sums);
        }
        put_out(dense, row, sums, count, out + row);
    }
}

#endif
