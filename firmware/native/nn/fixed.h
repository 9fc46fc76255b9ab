// SPDX-License-Identifier: Apache-2.0
// Fixed-point arithmetic with TensorFlow Lite's double rounding (gemmlowp/fixedpoint).
#ifndef MOTET_NN_FIXED_H
#define MOTET_NN_FIXED_H

#include <stdint.h>

// A positive real number as multiplier * 2^(shift - 31), multiplier in [2^30, 2^31) or zero.
typedef struct {
    int32_t multiplier;
    int32_t shift;
} nn_scale;

// SaturatingRoundingDoublingHighMul: a * b / 2^31, rounded half up. Never called with both at -2^31, which saturates
// there.
static inline int32_t nn_high_mul(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

// RoundingDivideByPOT: x / 2^exponent, rounded half away from zero, for an exponent of 0 to 31.
static inline int32_t nn_round_shift(int32_t x, int exponent) {
    int32_t mask = (int32_t)((1u << exponent) - 1);
    int32_t threshold = (mask >> 1) + (x < 0);
    return (x >> exponent) + ((x & mask) > threshold);
}

// MultiplyByQuantizedMultiplier. A left shift that overflows wraps, as it does in the reference on every CPU we know.
static inline int32_t nn_rescale(int32_t x, nn_scale scale) {
    int left = scale.shift > 0 ? scale.shift : 0;
    int right = scale.shift > 0 ? 0 : -scale.shift;
    return nn_round_shift(nn_high_mul((int32_t)((uint32_t)x << left), scale.multiplier), right);
}

static inline int32_t nn_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

#endif
