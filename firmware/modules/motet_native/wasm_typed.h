// SPDX-License-Identifier: Apache-2.0
// Typed calls on MicroPython: what their files share.
#ifndef MOTET_MICROPYTHON_WASM_TYPED_H
#define MOTET_MICROPYTHON_WASM_TYPED_H

#include "wasm.h"
#include "wasm/canonical.h"

typedef struct {
    mp_obj_base_t base;
    struct motet_abi_types types;
    mp_obj_t data; // the descriptor
} wasm_types_t;

// An export, or the host's side of an import, with its types.
typedef struct {
    mp_obj_base_t base;
    wasm_instance_t *instance;
    wasm_types_t *types;
    mp_obj_t callable; // of an import
    struct motet_abi_guest guest;
} wasm_typed_t;

// Builds a value from what the ABI tells: containers that have begun are on a stack.
typedef struct {
    mp_obj_t result;
    unsigned depth;
    struct {
        mp_obj_t container, key;
        size_t next;
    } open[MOTET_ABI_MAX_DEPTH + 3];
} wasm_sink_t;

extern const mp_obj_type_t wasm_types_type, wasm_typed_type, wasm_import_type;
extern const struct motet_abi_binding wasm_values;

// The way of wasm code into a typed import.
const char *wasm_call_typed(mp_obj_t import, uint64_t *stack);

extern const mp_obj_fun_builtin_var_t wasm_new_typed_obj, wasm_link_typed_obj;

#endif
