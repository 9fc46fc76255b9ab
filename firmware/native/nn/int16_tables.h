// SPDX-License-Identifier: Apache-2.0
// Functions of int16 activations by interpolation in tables.
#ifndef MOTET_NN_INT16_TABLES_H
#define MOTET_NN_INT16_TABLES_H

#include <stdint.h>

extern const uint16_t nn_sigmoid_table[256]; // sigmoid(i / 24) in Q0.16
extern const int16_t nn_exp_table[513];      // exp(-10 + i * 10 / 512) in Q0.15

// Of x / (3 * 4096), in Q0.15.
int16_t nn_sigmoid_q15(int32_t x);
int16_t nn_tanh_q15(int32_t x);

#endif
