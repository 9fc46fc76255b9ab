// SPDX-License-Identifier: Apache-2.0
// The callables behind granted imports, on MicroPython.
#ifndef MOTET_MICROPYTHON_WASM_GUARD_H
#define MOTET_MICROPYTHON_WASM_GUARD_H

#include "wasm/message.h"
#include "wasm_typed.h"

// Receivers that one component's messages go to directly; what more there are take the place of the oldest.
#define WASM_ROUTES 4

// A way from one component to another that the host has looked at: all that was asked then is asked again for each
// message.
typedef struct {
    mp_obj_t to, sender;     // names
    mp_obj_t target, bucket; // the component; what limits the rate, or None
    mp_obj_t rows;           // of the grant that covers it
    mp_obj_t service, failed;
    wasm_typed_t *handler;
    uint32_t fuel, most_bytes;
    mp_int_t most_nested, most_hops;
} wasm_route_t;

typedef struct {
    mp_obj_base_t base;
    mp_obj_t imports, device, path, capability, check, work;
    mp_obj_t kind; // of result: one of these numbers
    wasm_route_t *routes[WASM_ROUTES];
    unsigned next;
} wasm_guard_t;

// As in motet_core/capability.py.
enum { WASM_GUARD_PLAIN, WASM_GUARD_VALUE, WASM_GUARD_EMPTY };

extern const mp_obj_type_t wasm_guard_type;
extern const mp_obj_fun_builtin_var_t wasm_guard_route_obj;

// Raises Denied unless the grant counts at this moment.
void wasm_guard_check_grant(const wasm_guard_t *self);
// What the guest gets instead of a value after an exception; raises what is not for guests.
mp_obj_t wasm_guard_failed(const wasm_guard_t *self, mp_obj_t raised);

// Lets a message of the import go straight to its receiver. False: nothing has happened, and the way over values is to
// be gone. *value is what the guest gets for a result at *address, None when it has one or *error ends its call.
bool wasm_guard_pass(wasm_typed_t *import, const uint64_t *stack, uint64_t *address, mp_obj_t *value,
                     const char **error);

#endif
