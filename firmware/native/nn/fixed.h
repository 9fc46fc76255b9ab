// SPDX-License-Identifier: Apache-2.0
// Fixed-point arithmetic of TensorFlow Lite (gemmlowp/fixedpoint).
#ifndef MOTET_NN_FIXED_H
#define MOTET_NN_FIXED_H

#include <stdint.h>

// How nn_rescale rounds: 0, the default, twice as TensorFlow Lite Micro does; 1, once as builds with
// TFLITE_SINGLE_ROUNDING do. The same for all files of a build.
#ifndef MOTET_NN_SINGLE_ROUNDING
#define MOTET_NN_SINGLE_ROUNDING 0
#endif

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
int32_t nn_round_shift(int32_t x, int exponent);

// MultiplyByQuantizedMultiplier, for a shift of -31 to 30. With double rounding a left shift that overflows wraps, as
// it does in the reference on every CPU we know; with single rounding a result beyond 32 bits does.
int32_t nn_rescale(int32_t x, nn_scale scale);

// MultiplyByQuantizedMultiplier of a 64-bit sum, |x| < 2^47, for a shift of -31 to NN_WIDE_SHIFT_MAX: one rounding,
// with a multiplier of 15 bits. A result beyond 32 bits wraps.
#define NN_WIDE_SHIFT_MAX 7

static inline int32_t nn_rescale_wide(int64_t x, nn_scale scale) {
    int32_t multiplier = scale.multiplier < 0x7FFF0000 ? (scale.multiplier + (1 << 15)) >> 16 : 0x7FFF;
    int right = 15 - scale.shift;
    return (int32_t)((x * multiplier + (1ll << (right - 1))) >> right);
}

static inline int32_t nn_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

#endif
