// SPDX-License-Identifier: Apache-2.0
// The innermost loops of depthwise_dsp.c: pairs of taps times pairs of weights of four channels.
#ifndef MOTET_NN_DEPTHWISE_PAIRS_H
#define MOTET_NN_DEPTHWISE_PAIRS_H

#include "dot.h"

#if NN_DSP && !NN_MVE

// One pair of taps: 12 instructions for 8 products.
#define PAIR                                                                                                           \
    "ldrd %[xa], %[xb], [%[x]], #8\n"                                                                                  \
    "ldmia %[w]!, {%[w0], %[w1], %[w2], %[w3]}\n"                                                                      \
    "pkhbt %[t], %[xa], %[xb], lsl #16\n"                                                                              \
    "pkhtb %[xb], %[xb], %[xa], asr #16\n"                                                                             \
    "sxtb16 %[xa], %[t]\n"                                                                                             \
    "sxtb16 %[t], %[t], ror #8\n"                                                                                      \
    "smlad %[a], %[xa], %[w0], %[a]\n"                                                                                 \
    "smlad %[b], %[t], %[w1], %[b]\n"                                                                                  \
    "sxtb16 %[xa], %[xb]\n"                                                                                            \
    "sxtb16 %[xb], %[xb], ror #8\n"                                                                                    \
    "smlad %[c], %[xa], %[w2], %[c]\n"                                                                                 \
    "smlad %[d], %[xb], %[w3], %[d]\n"

// Not inlined, so that the inline assembly finds its registers.
__attribute__((noinline)) static void sum_of_pairs(const uint32_t *x, const uint32_t *w, uint32_t pairs,
                                                   const int32_t bias[4], int32_t sums[4]) {
    int32_t a = bias[0], b = bias[1], c = bias[2], d = bias[3];
    register uint32_t w0 __asm("r3"); // ldm fills registers in ascending order
    register uint32_t w1 __asm("r4");
    register uint32_t w2 __asm("r5");
    register uint32_t w3 __asm("r6");
    uint32_t xa, xb, t;
    __asm volatile(
        "1:\n" PAIR "subs %[pairs], %[pairs], #1\n"
        "bne 1b\n"
        : [a] "+r"(a), [b] "+r"(b), [c] "+r"(c), [d] "+r"(d), [x] "+r"(x), [w] "+r"(w), [w0] "=&r"(w0), [w1] "=&r"(w1),
          [w2] "=&r"(w2), [w3] "=&r"(w3), [xa] "=&r"(xa), [xb] "=&r"(xb), [t] "=&r"(t), [pairs] "+r"(pairs)
        :
        : "cc", "memory");
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
}

#endif

#endif
