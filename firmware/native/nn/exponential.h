// SPDX-License-Identifier: Apache-2.0
// Exponentials and reciprocals in gemmlowp's fixed point.
#ifndef MOTET_NN_EXPONENTIAL_H
#define MOTET_NN_EXPONENTIAL_H

#include <stdint.h>

// exp of a number that is not positive, with `integer_bits` (4 or 5) before the point, as Q0.31.
int32_t nn_exponential(int32_t a, int integer_bits);

// 1 / (1 + x) and (1 - x) / (1 + x) of x in [0, 1), all Q0.31.
int32_t nn_one_over_one_plus(int32_t x);
int32_t nn_one_minus_over_one_plus(int32_t x);

#endif
