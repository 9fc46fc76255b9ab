// SPDX-License-Identifier: Apache-2.0
// The parts of the MicroPython module motet_native.
#ifndef MOTET_MICROPYTHON_MODULE_H
#define MOTET_MICROPYTHON_MODULE_H

#include "py/obj.h"

#ifndef MP_NORETURN // named so from MicroPython 1.26 on
#define MP_NORETURN NORETURN
#endif

extern const mp_obj_module_t motet_wasm_module;
extern const mp_obj_module_t motet_nn_module;
extern const mp_obj_module_t motet_frame_module;
extern const mp_obj_module_t motet_crypto_module;
extern const mp_obj_module_t motet_store_module;

#endif
