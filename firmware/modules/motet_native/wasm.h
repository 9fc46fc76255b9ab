// SPDX-License-Identifier: Apache-2.0
// motet_native.wasm on MicroPython: what its files share.
#ifndef MOTET_MICROPYTHON_WASM_H
#define MOTET_MICROPYTHON_WASM_H

#include "module.h"
#include "wasm/engine.h"

// The engine's blocks lie in the garbage-collected heap, chained to `engine`: they live as long as this
// object and need no finaliser.
typedef struct {
    mp_obj_base_t base;
    struct motet_wasm engine;
    mp_obj_t code;
    mp_obj_t raised; // by an import, on its way to the caller
    unsigned depth;  // calls that are running
} wasm_instance_t;

extern const mp_obj_type_t wasm_error_type, wasm_trap_type, wasm_instance_type, wasm_function_type;

void wasm_check_open(const wasm_instance_t *self);
// The exception that fits the engine's answer.
mp_obj_t wasm_exception(wasm_instance_t *self, const char *answer);
MP_NORETURN void wasm_raise(wasm_instance_t *self, const char *answer);

const char *wasm_call_host(struct motet_wasm *engine, const struct motet_wasm_import *import, uint64_t *stack);
mp_obj_t wasm_new_function(wasm_instance_t *instance, const char *name, size_t length);

void wasm_instance_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest);
extern const mp_obj_fun_builtin_fixed_t wasm_read_obj, wasm_write_obj;

#endif
