// SPDX-License-Identifier: Apache-2.0
// The innermost operations, in portable C and for Cortex-M cores with the DSP extension. Only this header, mve.h and
// the
// *_dsp.c and *_mve.c files know the CPU.
#ifndef MOTET_NN_DOT_H
#define MOTET_NN_DOT_H

#include "dense.h"

// The inline assembly needs all registers: it is left out of builds without optimisation, which keep a frame pointer.
#if defined(__ARM_FEATURE_DSP) && defined(__thumb__) && defined(__OPTIMIZE__)
#define NN_DSP 1
#else
#define NN_DSP 0
#endif

// The vectors of Cortex-M55: *_mve.c then take the place of *_dsp.c.
#if NN_DSP && defined(__ARM_FEATURE_MVE)
#define NN_MVE 1
#else
#define NN_MVE 0
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

// The same, added to two int16.
static inline uint32_t nn_add_even(uint32_t to, uint32_t bytes) {
    uint32_t result;
    __asm("sxtab16 %0, %1, %2" : "=r"(result) : "r"(to), "r"(bytes));
    return result;
}

static inline uint32_t nn_add_odd(uint32_t to, uint32_t bytes) {
    uint32_t result;
    __asm("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(to), "r"(bytes));
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
    int32_t result;
    __asm("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
    return result;
}

// -zero twice, as two int16.
static inline uint32_t nn_minus_twice(int32_t zero) {
    return ((uint32_t)-zero & 0xFFFF) * 0x10001u;
}

// nn_high_mul for |a| < 2^30.
static inline int32_t nn_high_mul_small(int32_t a, int32_t b) {
    int32_t result;
    __asm("smmulr %0, %1, %2" : "=r"(result) : "r"(a * 2), "r"(b));
    return result;
}

static inline int32_t nn_to_int8(int32_t value) {
    int32_t result;
    __asm("ssat %0, #8, %1" : "=r"(result) : "r"(value));
    return result;
}

// Whether a multiple of eight values are all at least -2^29 and below 2^29: others leave the flag Q.
static inline bool nn_all_small(const int32_t *values, uint32_t count) {
    uint32_t flags = 0;
    int32_t unused;
    __asm volatile("msr APSR_nzcvq, %0" ::"r"(flags) : "cc");
    for (const int32_t *end = values + count; values < end; values += 8) {
        __asm volatile("ssat %0, #30, %1\n ssat %0, #30, %2\n ssat %0, #30, %3\n ssat %0, #30, %4"
                       : "=&r"(unused)
                       : "r"(values[0]), "r"(values[1]), "r"(values[2]), "r"(values[3]));
        __asm volatile("ssat %0, #30, %1\n ssat %0, #30, %2\n ssat %0, #30, %3\n ssat %0, #30, %4"
                       : "=&r"(unused)
                       : "r"(values[4]), "r"(values[5]), "r"(values[6]), "r"(values[7]));
    }
    __asm volatile("mrs %0, APSR" : "=r"(flags));
    return !(flags & 1u << 27);
}

#else

static inline int32_t nn_high_mul_small(int32_t a, int32_t b) {
    return nn_high_mul(a, b);
}

static inline int32_t nn_to_int8(int32_t value) {
    return nn_clamp(value, INT8_MIN, INT8_MAX);
}

static inline bool nn_all_small(const int32_t *values, uint32_t count) {
    int32_t bits = 0;
    for (; count >= 8; count -= 8, values += 8) {
#define NN_BITS(at) (values[at] ^ (values[at] >> 31))
        bits |= NN_BITS(0) | NN_BITS(1) | NN_BITS(2) | NN_BITS(3) | NN_BITS(4) | NN_BITS(5) | NN_BITS(6) | NN_BITS(7);
#undef NN_BITS
    }
    return bits < 1 << 29;
}

#endif

// Products of int16 and int8 whose sum always fits 32 bits.
#define NN_DOT_INT16_MOST 256u

static inline int32_t nn_dot_int16(const int16_t *inputs, const int8_t *weights, uint32_t count) {
    int32_t sum = 0;
    uint32_t k = 0;
#if NN_DSP
    for (; k + 4 <= count; k += 4) {
        uint32_t four = nn_load4(weights + k), even = nn_even(four), odd = nn_odd(four), first, second;
        memcpy(&first, inputs + k, sizeof first);
        memcpy(&second, inputs + k + 2, sizeof second);
        sum = nn_multiply_pairs(first, nn_low_halves(even, odd), sum);
        sum = nn_multiply_pairs(second, nn_high_halves(even, odd), sum);
    }
#endif
    for (; k < count; k++) {
        sum += inputs[k] * weights[k];
    }
    return sum;
}

// How a channel's sums become outputs.
typedef struct {
    int32_t multiplier;
    int32_t shift; // fast layers: to the right; others: as in nn_scale
    int32_t round; // fast layers: what is added before that shift, with the zero point of the output
} nn_channel;

// Layers whose sums stay below 2^30 and whose shifts are to the right by 1 to NN_FAST_SHIFT need no care for overflow.
#define NN_FAST_SHIFT 22

static inline nn_channel nn_channel_of(const nn_dense *dense, uint32_t row) {
    uint32_t at = dense->by_channel ? row : 0;
    nn_channel channel = {dense->multipliers[at], dense->shifts[at], 0};
    if (dense->fast) {
        channel.shift = -channel.shift;
        channel.round = (2 * dense->output_zero + 1) * (1 << (channel.shift - 1));
    }
    return channel;
}

#if MOTET_NN_SINGLE_ROUNDING

static inline int32_t nn_scale_fast(int32_t sum, const nn_channel *channel) {
    int64_t product = (int64_t)sum * channel->multiplier + ((int64_t)channel->round * ((int64_t)1 << 31));
    return nn_to_int8((int32_t)(product >> (31 + channel->shift)));
}

#else

// nn_rescale and the addition of the zero point in one.
static inline int32_t nn_scale_fast(int32_t sum, const nn_channel *channel) {
    int32_t value = nn_high_mul_small(sum, channel->multiplier);
    return nn_to_int8((value + (value >> 31) + channel->round) >> channel->shift);
}

#endif

// For all other layers.
int32_t nn_scale_any(const nn_dense *dense, int32_t sum, const nn_channel *channel);

static inline int8_t nn_requantize(const nn_dense *dense, int32_t sum, const nn_channel *channel) {
    int32_t value = dense->fast ? nn_scale_fast(sum, channel) : nn_scale_any(dense, sum, channel);
    return (int8_t)nn_clamp(value, dense->low, dense->high);
}

// One sum of channel `row`: smaller than the functions above where speed does not count.
int8_t nn_output_of(const nn_dense *dense, uint32_t row, int32_t sum);

#endif
