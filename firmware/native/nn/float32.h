// SPDX-License-Identifier: Apache-2.0
// float32 as the reference computes with it: no contraction to fused products, its order of operations, its way with
// NaN.
#ifndef MOTET_NN_FLOAT32_H
#define MOTET_NN_FLOAT32_H

#include "tensor.h"

#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("fp-contract=off") // GCC knows the standard's pragma only to warn about it
#endif

// The range of the fused activation in field `field` of the options.
bool nn_read_float_activation(nn_build *build, unsigned field, float *low, float *high);

// Checks that input and output are float32.
bool nn_need_float(nn_build *build, const nn_info *input, const nn_info *output);

// e^x with the bytes of the C library of glibc, on every CPU: see float_exp.c.
float nn_exp(float x);

// NaN stays NaN.
static inline float nn_clamp_float(float value, float low, float high) {
    value = value < low ? low : value;
    return high < value ? high : value;
}

#endif
