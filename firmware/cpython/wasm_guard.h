// SPDX-License-Identifier: Apache-2.0
// The callables behind granted imports, on CPython.
#ifndef MOTET_CPYTHON_WASM_GUARD_H
#define MOTET_CPYTHON_WASM_GUARD_H

#include "wasm_typed.h"

#include "wasm/message.h"

// Receivers that one component's messages go to directly; what more there are take the place of the oldest.
#define WASM_ROUTES 4

// A way from one component to another that the host has looked at: all that was asked then is asked again for each
// message.
typedef struct {
    PyObject *to, *sender;     // names
    PyObject *target, *bucket; // the component; what limits the rate, or None
    PyObject *rows;            // of the grant that covers it
    PyObject *service, *failed;
    Typed *handler;
    uint32_t fuel, most_bytes;
    long most_nested, most_hops;
} Route;

typedef struct {
    PyObject_HEAD PyObject *imports, *device, *path, *capability, *check, *work;
    int kind; // of result: one of these numbers
    Route *routes[WASM_ROUTES];
    unsigned next;
    vectorcallfunc vectorcall;
} Guard;

// As in motet_core/capability.py.
enum { WASM_GUARD_PLAIN, WASM_GUARD_VALUE, WASM_GUARD_EMPTY };

extern PyTypeObject wasm_guard_type;

// Makes the names that are asked for; false with an exception set.
bool wasm_guard_ready(void);

// Sets Denied and returns false unless the grant counts at this moment.
bool wasm_guard_check_grant(const Guard *self);
// What the guest gets instead of a value after the exception that is set; NULL when that is not for guests.
PyObject *wasm_guard_failed(const Guard *self);

PyObject *wasm_guard_route(PyObject *guard, PyObject *args);
// A copy with references of its own; NULL with an exception set.
Route *wasm_route_keep(const Route *wanted);
int wasm_route_traverse(const Route *route, visitproc visit, void *arg);
void wasm_route_free(Route *route);

// Lets a message of the import go straight to its receiver. False: nothing has happened, and the way over values is to
// be gone. *value is what the guest gets for a result at *address; NULL when it has one or *error ends its call.
bool wasm_guard_pass(Typed *import, const uint64_t *stack, uint64_t *address, PyObject **value, const char **error);

#endif
