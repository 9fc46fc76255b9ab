// SPDX-License-Identifier: Apache-2.0
// The innermost loops, in portable C and for Cortex-M cores with the DSP extension. Only this header knows the CPU.
#ifndef MOTET_NN_DOT_H
#define MOTET_NN_DOT_H

#include "dense.h"

// The inline assembly needs all registers: it is left out of builds without optimisation, which keep a frame pointer.
#if defined(__ARM_FEATURE_DSP) && defined(__thumb__) && defined(__OPTIMIZE__)
#define NN_DSP 1
#include <arm_acle.h>
#else
#define NN_DSP 0
#endif

#if NN_DSP

static inline uint32_t nn_load4(const int8_t *from) {
    uint32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

// Bytes 0 and 2, or 1 and 3, of four int8 as two int16. The compiler does not merge the rotation into sxtb16 by
// itself.
static inline uint32_t nn_even(uint32_t bytes) {
    uint32_t result;
    __asm("sxtb16 %0, %1" : "=r"(result) : "r"(bytes));
    return result;
}

static inline uint32_t nn_odd(uint32_t bytes) {
    uint32_t result;
    __asm("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(bytes));
    return result;
}

// Low halves of two words in one word, high halves of two words in one word.
static inline uint32_t nn_low_halves(uint32_t a, uint32_t b) {
    uint32_t result;
    __asm("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

static inline uint32_t nn_high_halves(uint32_t a, uint32_t b) {
    uint32_t result;
    __asm("pkhtb %0, %2, %1, asr #16" : "=r"(result) : "r"(a), "r"(b));
    return result;
}

static inline int32_t nn_multiply_pairs(uint32_t a, uint32_t b, int32_t sum) {
    return __smlad((int16x2_t)a, (int16x2_t)b, sum);
}

// nn_high_mul for |a| < 2^30.
static inline int32_t nn_high_mul_small(int32_t a, int32_t b) {
    int32_t result;
    __asm("smmulr %0, %1, %2" : "=r"(result) : "r"(a * 2), "r"(b));
    return result;
}

#else

static inline int32_t nn_high_mul_small(int32_t a, int32_t b) {
    return nn_high_mul(a, b);
}

#endif

// An accumulator as an output value. A shift above 0 is a plain right shift of a channel whose accumulators were
// proven to stay below 2^30 while loading; all others are stored as shift - NN_SLOW_SHIFT and take the general way.
#define NN_SLOW_SHIFT 64

static inline int32_t nn_scale_sum(int32_t sum, int32_t multiplier, int32_t shift) {
    if (shift > 0) {
        int32_t value = nn_high_mul_small(sum, multiplier);
        return (value + (1 << (shift - 1)) + (value >> 31)) >> shift; // nn_round_shift, which cannot overflow here
    }
    const nn_scale scale = {multiplier, shift + NN_SLOW_SHIFT};
    return nn_rescale(sum, scale);
}

static inline int8_t nn_requantize(const nn_dense *dense, uint32_t channel, int32_t sum) {
    int32_t value = nn_scale_sum(sum, dense->channels[channel].multiplier, dense->shifts[channel]);
    return (int8_t)nn_clamp(value + dense->zero_point, dense->low, dense->high);
}

// Two sums of one channel.
static inline void nn_requantize_two(const nn_dense *dense, uint32_t channel, const int32_t sums[2], int8_t *out0,
                                     int8_t *out1) {
    int32_t multiplier = dense->channels[channel].multiplier, shift = dense->shifts[channel];
    int32_t zero = dense->zero_point, low = dense->low, high = dense->high;
    int32_t first = nn_clamp(nn_scale_sum(sums[0], multiplier, shift) + zero, low, high);
    int32_t second = nn_clamp(nn_scale_sum(sums[1], multiplier, shift) + zero, low, high);
    *out0 = (int8_t)first;
    *out1 = (int8_t)second;
}

// Four channels side by side.
static inline void nn_requantize_quad(const nn_dense *dense, uint32_t channel, const int32_t sums[4], int8_t *out) {
    int8_t values[4]; // stored at once: after each single store the compiler would have to read `dense` again
    for (uint32_t i = 0; i < 4; i++) {
        values[i] = nn_requantize(dense, channel + i, sums[i]);
    }
    memcpy(out + channel, values, sizeof values);
}

#endif
