// SPDX-License-Identifier: Apache-2.0
// Real multipliers as fixed point, computed with integers only: the same bits on every CPU, and no soft double on an
// MCU.
#ifndef MOTET_NN_SCALE_H
#define MOTET_NN_SCALE_H

#include "fixed.h"
#include <stdbool.h>
#include <string.h>

// Whether a scale read from a model is a positive normal number.
static inline bool nn_scale_valid(float scale) {
    uint32_t bits;
    memcpy(&bits, &scale, sizeof bits);
    return bits - 0x00800000 < 0x7F000000;
}

// QuantizeMultiplier((double)a * (double)b / (double)c), bit for bit; the three are valid scales. A ratio below 2^-32
// becomes zero. The shift is not limited upwards: see NN_SHIFT_MAX.
void nn_scale_ratio(float a, float b, float c, nn_scale *scale);

// QuantizeMultiplier((double)scale * (double)beta / (10.0 / 65535.0)), bit for bit.
void nn_scale_softmax(float scale, float beta, nn_scale *found);

// Largest shift that nn_rescale accepts.
#define NN_SHIFT_MAX 30

#endif
