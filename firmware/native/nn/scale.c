// SPDX-License-Identifier: Apache-2.0
#include "scale.h"

#define FRACTION_BITS 23
#define EXPONENT_BIAS 150 // of a float read as mantissa * 2^(exponent - 150)
#define DOUBLE_BITS   53

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint64_t mantissa_of(float value) {
    return (bits_of(value) & 0x7FFFFF) | 0x800000;
}

static int exponent_of(float value) {
    return (int)(bits_of(value) >> FRACTION_BITS) - EXPONENT_BIAS;
}

// Drops the low `drop` bits as IEEE 754 does: to nearest, ties to even. `sticky`: bits below these were not zero.
static uint64_t round_to_even(uint64_t value, int drop, bool sticky) {
    uint64_t low = value & ((1ull << drop) - 1);
    uint64_t half = 1ull << (drop - 1);
    uint64_t kept = value >> drop;
    bool up = low > half || (low == half && (sticky || (kept & 1)));
    return kept + up;
}

// quotient * 2^exponent, a number above 2^53 whose rest is below its last bit, as fixed point.
static void set(nn_scale *scale, uint64_t quotient, bool rest, int exponent) {
    // First the rounding of the division in double, then the one to 31 bits, half up.
    int drop = 64 - __builtin_clzll(quotient) - DOUBLE_BITS;
    uint64_t in_double = round_to_even(quotient, drop, rest);
    if (in_double >> DOUBLE_BITS) {
        in_double >>= 1;
        drop++;
    }
    uint64_t rounded = (in_double + (1u << 21)) >> 22;
    int shift = exponent + drop + DOUBLE_BITS;
    if (rounded >> 31) {
        rounded >>= 1;
        shift++;
    }
    scale->multiplier = shift < -31 ? 0 : (int32_t)rounded;
    scale->shift = shift < -31 ? 0 : shift;
}

void nn_scale_ratio(float a, float b, float c, nn_scale *scale) {
    // The product of two 24-bit mantissas is exact in a double; so is its quotient here, to 61 bits and a sticky bit.
    uint64_t divisor = mantissa_of(c);
    uint64_t product = (mantissa_of(a) * mantissa_of(b)) << 15;
    uint64_t rest = (product % divisor) << 24;
    uint64_t quotient = (product / divisor) << 24 | rest / divisor;
    set(scale, quotient, rest % divisor != 0, exponent_of(a) + exponent_of(b) - exponent_of(c) - 15 - 24);
}

void nn_scale_softmax(float scale, float beta, nn_scale *found) {
    const uint64_t divisor = 0x14001400140014; // 10.0 / 65535.0 as a double, times 2^65
    uint64_t rest = (mantissa_of(scale) * mantissa_of(beta)) << 5, quotient = 0; // below twice the divisor
    for (int i = 0; i < 60; i++) {
        bool one = rest >= divisor;
        quotient = quotient << 1 | one;
        rest = (one ? rest - divisor : rest) << 1;
    }
    set(found, quotient, rest != 0, exponent_of(scale) + exponent_of(beta) - 5 - 59 + 65);
}
