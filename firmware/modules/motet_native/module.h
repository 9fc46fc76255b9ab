// SPDX-License-Identifier: Apache-2.0
// The parts of the MicroPython module motet_native.
#ifndef MOTET_MICROPYTHON_MODULE_H
#define MOTET_MICROPYTHON_MODULE_H

#include "py/obj.h"

extern const mp_obj_module_t motet_wasm_module;
extern const mp_obj_module_t motet_nn_module;
extern const mp_obj_module_t motet_frame_module;

#endif
