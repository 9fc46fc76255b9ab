// SPDX-License-Identifier: Apache-2.0
// Typed calls on CPython: what their files share.
#ifndef MOTET_CPYTHON_WASM_TYPED_H
#define MOTET_CPYTHON_WASM_TYPED_H

#include "wasm.h"

#include "wasm/canonical.h"

typedef struct {
    PyObject_HEAD struct motet_abi_types types;
    PyObject *data; // the descriptor
} Types;

// An export, or the host's side of an import, with its types.
typedef struct {
    PyObject_HEAD Instance *instance; // borrowed by an import, which the instance keeps
    Types *types;
    PyObject *callable; // of an import
    struct motet_abi_guest guest;
    vectorcallfunc vectorcall;
} Typed;

// Builds a value from what the ABI tells: containers that have begun are on a stack.
struct wasm_sink {
    PyObject *result;
    unsigned depth;
    struct {
        PyObject *container, *key; // the key is borrowed
        Py_ssize_t next;
    } open[MOTET_ABI_MAX_DEPTH + 3];
};

extern PyTypeObject wasm_types_type, wasm_typed_type, wasm_import_type;
extern struct motet_abi_binding wasm_values;

// Makes the names that variants have; false with an exception set.
bool wasm_values_ready(void);
// Drops what an abandoned value has built.
void wasm_sink_clear(struct wasm_sink *sink);

// Around every run of wasm code the GIL is free; binding runs the module's start function.
const char *wasm_run(struct motet_wasm *engine, const struct motet_wasm_function *function);
const char *wasm_bind(Instance *self, struct motet_abi_guest *guest, const char *name, size_t length);

PyObject *wasm_typed(PyObject *instance, PyObject *args, PyObject *kwargs);
PyObject *wasm_link_typed(PyObject *instance, PyObject *args);
// The way of wasm code into a typed import.
const char *wasm_call_typed(PyObject *import, uint64_t *stack);

#endif
