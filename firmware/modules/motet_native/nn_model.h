// SPDX-License-Identifier: Apache-2.0
// A Python model, shared by the files of motet_native.nn.
#ifndef MOTET_MICROPYTHON_NN_MODEL_H
#define MOTET_MICROPYTHON_NN_MODEL_H

#include "nn/nn.h"
#include "py/obj.h"

#ifndef MP_NORETURN // named so from MicroPython 1.26 on
#define MP_NORETURN NORETURN
#endif

typedef struct {
    mp_obj_base_t base;
    mp_obj_t file;
    nn_model *model; // the head of the tables' block
    uint8_t *activations;
    size_t arena_bytes;
    uint32_t steps;
} motet_nn_model_t;

// inputs, outputs, operators, arena_bytes, remembers, steps, steps_used; everything else is left to the methods
void motet_nn_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest);

#endif
