// SPDX-License-Identifier: Apache-2.0
// int8 activations without their zero point, so that a layer that uses them often subtracts it once.
#ifndef MOTET_NN_CENTRED_H
#define MOTET_NN_CENTRED_H

#include "dot.h"

// Products of such values and int8 weights whose sum always fits 32 bits.
#define NN_CENTRED_MOST 0xFFFFu

static inline void nn_centre(const int8_t *from, int32_t zero, uint32_t count, int16_t *to) {
    for (uint32_t i = 0; i < count; i++) {
        to[i] = (int16_t)(from[i] - zero);
    }
}

#endif
