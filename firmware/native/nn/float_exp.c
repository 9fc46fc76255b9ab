// SPDX-License-Identifier: Apache-2.0
// e^x = 2^k * 2^(i/32) * 2^(r/32) with |r| <= 1/2, with integers only. The polynomial for the last factor is the one of
// glibc's expf (from Arm's optimized routines): the same bytes for each of 76 million numbers of all sizes that were
// tried.
#include "small.h" // first, for the functions in the others

#include "float32.h"

#define FRACTION 48 // bits of z and r

// The high half of a product, at most 2 too small.
static uint64_t high(uint64_t a, uint64_t b) {
    uint64_t a1 = a >> 32, a0 = (uint32_t)a, b1 = b >> 32, b0 = (uint32_t)b;
    return a1 * b1 + (a1 * b0 >> 32) + (a0 * b1 >> 32);
}

// 2^(r/32) in Q2.62.
static uint64_t power_of_rest(int64_t r) {
    const uint64_t cubic = 0x1C6AF84B9123, square = 0xF5FE7287D6279, linear = 0x58B90BFC314B580; // Q0.64
    uint64_t size = (uint64_t)(r < 0 ? -r : r) << (64 - FRACTION), sum;
    if (r < 0) {
        sum = linear - high(square - high(cubic, size), size);
        return (1ull << 62) - (high(sum, size) >> 2);
    }
    sum = linear + high(square + high(cubic, size), size);
    return (1ull << 62) + (high(sum, size) >> 2);
}

// 2^(i/32) in Q1.63, for i below 32.
static uint64_t power_of_32nds(uint32_t i) {
    static const uint64_t roots[5] = {0x82CD8698AC2BA1D7, 0x85AAC367CC487B15, 0x8B95C1E3EA8BD6E7, 0x9837F0518DB8A96F,
                                      0xB504F333F9DE6484};
    uint64_t power = 1ull << 63;
    for (uint32_t bit = 0; bit < 5; bit++) {
        if (i & (1u << bit)) {
            power = high(power, roots[bit]) << 1;
        }
    }
    return power;
}

// value * 2^(exponent - 61), rounded to a float.
static float as_float(uint64_t value, int32_t exponent) {
    int32_t top = 63 - __builtin_clzll(value), drop = top - 23;
    exponent += top - 61;
    if (exponent < -126) { // a subnormal number
        drop += -126 - exponent;
        exponent = -127;
    }
    uint32_t bits = (uint32_t)((value + (1ull << (drop - 1))) >> drop);
    bits += exponent == -127 ? 0 : (uint32_t)(exponent + 126) << 23; // the leading bit of the mantissa adds one more
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

float nn_exp(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int32_t exponent = (int32_t)(bits >> 23 & 255) - 127;
    if (x != x || x > 0x1.62e42ep6f) {
        return x != x ? x : __builtin_inff();
    }
    if (x < -0x1.9fe368p6f) {
        return 0;
    }
    // z = x * 32 / ln(2); a number below 2^-40 gives 0.
    uint64_t size = high((uint64_t)((bits & 0x7FFFFF) | 0x800000) << 40, 0xB8AA3B295C17F000);
    uint64_t shifted = exponent < -40 ? 0 : size >> (57 - FRACTION - exponent);
    int64_t z = bits >> 31 ? -(int64_t)shifted : (int64_t)shifted;
    int32_t k = (int32_t)((z + (1ll << (FRACTION - 1))) >> FRACTION);
    uint64_t value = high(power_of_rest(z - (int64_t)k * (1ll << FRACTION)), power_of_32nds((uint32_t)k & 31));
    return as_float(value, k >> 5);
}
