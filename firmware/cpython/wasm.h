// SPDX-License-Identifier: Apache-2.0
// motet_native.wasm on CPython: what its files share.
#ifndef MOTET_CPYTHON_WASM_H
#define MOTET_CPYTHON_WASM_H

#include "native.h"

#include "wasm/engine.h"

typedef struct {
    PyObject_HEAD struct motet_wasm engine;
    Py_buffer code;
    PyObject *callables; // keeps what the imports call alive
    struct wasm_elsewhere *elsewhere;
    // While a call runs: how deep it is nested, in which thread, and that thread's state while it does
    // without the GIL.
    unsigned depth;
    unsigned long thread;
    PyThreadState *released;
} Instance;

// wasm_elsewhere.c: an instance whose functions another engine of this process runs.
PyObject *wasm_elsewhere(PyObject *type, PyObject *args);
PyObject *wasm_elsewhere_failure(Instance *self, PyObject *ignored);

extern PyObject *wasm_error, *wasm_trap;
extern PyTypeObject wasm_instance_type, wasm_function_type;
extern PyGetSetDef wasm_properties[];

// Sets an exception and returns false when the instance is closed or runs in another thread.
bool wasm_usable(Instance *self);
// Sets the exception that fits the engine's answer and returns NULL.
PyObject *wasm_fail(const Instance *self, const char *answer);

// Calls a linked import; the way of wasm code into Python.
const char *wasm_call_host(struct motet_wasm *engine, const struct motet_wasm_import *import, uint64_t *stack);
PyObject *wasm_read(Instance *self, PyObject *args);
PyObject *wasm_write(Instance *self, PyObject *args);
// Finds and compiles an export: a new Function, or NULL with an exception set.
PyObject *wasm_new_function(Instance *instance, const char *name, size_t length);

#endif
