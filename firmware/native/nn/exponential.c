// SPDX-License-Identifier: Apache-2.0
#include "exponential.h"
#include "fixed.h"

// Not inlined: it is in many places, and none of them is worth its speed.
__attribute__((noinline)) static int32_t multiply(int32_t a, int32_t b) {
    return nn_high_mul(a, b);
}

// x * 2^exponent, which only saturates upwards.
static int32_t shift_left(int32_t x, int exponent) {
    return x > INT32_MAX >> exponent ? INT32_MAX : x * (1 << exponent);
}

// exp_on_negative_values: a polynomial around -1/8 on [-1/4, 0), then one factor exp(-2^k) for each remaining bit.
int32_t nn_exponential(int32_t a, int integer_bits) {
    static const int32_t factors[7] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    const int32_t exp_of_minus_eighth = 1895147668, third = 715827883;
    const int quarter_bit = 31 - integer_bits - 2;
    const int32_t quarter = 1 << quarter_bit;
    if (a == 0) {
        return INT32_MAX;
    }
    int32_t rest = (a & (quarter - 1)) - quarter;
    int32_t x = rest * (1 << integer_bits) + (1 << 28);
    int32_t x2 = multiply(x, x), x3 = multiply(x2, x), x4 = multiply(x2, x2);
    int32_t polynomial = nn_round_shift(multiply(nn_round_shift(x4, 2) + x3, third) + x2, 1);
    int32_t result = exp_of_minus_eighth + multiply(exp_of_minus_eighth, x + polynomial);
    uint32_t whole = (uint32_t)(rest - a);
    for (int k = 0; k < 7; k++) {
        if (whole & (1u << (quarter_bit + k))) {
            result = multiply(result, factors[k]);
        }
    }
    return result;
}

// 2 / (1 + x) by three Newton steps, Q2.29.
static int32_t reciprocal(int32_t x) {
    const int32_t forty_eight_17ths = 1515870810, minus_thirty_two_17ths = -1010580540;
    int32_t half = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
    int32_t guess = forty_eight_17ths + multiply(minus_thirty_two_17ths, half);
    for (int i = 0; i < 3; i++) {
        int32_t error = (1 << 29) - multiply(half, guess);
        guess += multiply(guess, error) * 4;
    }
    return guess;
}

int32_t nn_one_over_one_plus(int32_t x) {
    return shift_left(reciprocal(x), 1);
}

int32_t nn_one_minus_over_one_plus(int32_t x) {
    return shift_left(reciprocal(x) - (1 << 29), 2);
}
