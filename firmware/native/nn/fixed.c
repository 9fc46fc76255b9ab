// SPDX-License-Identifier: Apache-2.0
#include "fixed.h"

int32_t nn_round_shift(int32_t x, int exponent) {
    int32_t mask = (int32_t)((1u << exponent) - 1);
    int32_t threshold = (mask >> 1) + (x < 0);
    return (x >> exponent) + ((x & mask) > threshold);
}

#if MOTET_NN_SINGLE_ROUNDING

int32_t nn_rescale(int32_t x, nn_scale scale) {
    int right = 31 - scale.shift;
    return (int32_t)(((int64_t)x * scale.multiplier + ((int64_t)1 << (right - 1))) >> right);
}

#else

int32_t nn_rescale(int32_t x, nn_scale scale) {
    int left = scale.shift > 0 ? scale.shift : 0;
    int right = scale.shift > 0 ? 0 : -scale.shift;
    return nn_round_shift(nn_high_mul((int32_t)((uint32_t)x << left), scale.multiplier), right);
}

#endif
