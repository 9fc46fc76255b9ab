// SPDX-License-Identifier: Apache-2.0
// The operators that make features of sound: window, spectrum, filter bank, noise reduction, automatic gain, logarithm.
// They are TensorFlow Lite Micro's (there `signal/`), custom ones with unquantised integers.
#ifndef MOTET_NN_SIGNAL_H
#define MOTET_NN_SIGNAL_H

#include "tensor.h"

// Reads input or output `slot` of an operator with `outputs` outputs; it must have elements of `type`.
bool nn_signal_input(nn_build *build, uint32_t slot, uint8_t type, nn_info *info);
bool nn_signal_output(nn_build *build, uint32_t outputs, uint32_t slot, uint8_t type, nn_info *info);

// Reads constant input `slot` of int16.
bool nn_signal_table(nn_build *build, uint32_t slot, nn_info *info);

// Reads input 0 and output 0, with elements of these types, and checks that both have as many. Each element of the
// output must depend on nothing that comes before the same element of the inputs.
bool nn_signal_pair(nn_build *build, uint8_t type, uint8_t output_type, uint32_t outputs, nn_info *input,
                    nn_info *output);

// Element `index` of a constant of int16, which need not be aligned.
static inline int32_t nn_signal_value(const uint8_t *table, uint32_t index) {
    return nn_load_i16(table + 2 * index);
}

extern const int16_t nn_sine_table[257];       // sin(2 * pi * i / 1024) in Q0.15
extern const uint16_t nn_logarithm_table[130]; // log2(1 + i / 128) - i / 128 in Q0.16

#endif
