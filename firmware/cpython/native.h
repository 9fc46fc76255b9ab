// SPDX-License-Identifier: Apache-2.0
// The parts of the extension motet_native._native. Each returns a new reference to a ready module object, or
// NULL with an exception set; each is called once, while the extension is imported.
#ifndef MOTET_CPYTHON_NATIVE_H
#define MOTET_CPYTHON_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

PyObject *motet_wasm_module(void);
PyObject *motet_nn_module(void);
PyObject *motet_frame_module(void);
PyObject *motet_crypto_module(void);
PyObject *motet_store_module(void);

// The bytes of `object`, to be kept for long; false with an exception set. Of a memoryview they are held by the object
// behind it: the collector clears a view that is part of a cycle also while somebody has a buffer of it, and crashes.
bool motet_hold(PyObject *object, Py_buffer *held);

#endif
