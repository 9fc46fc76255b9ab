// SPDX-License-Identifier: Apache-2.0
// The parts of the extension motet_native._native. Each returns a new reference to a ready module object, or
// NULL with an exception set; each is called once, while the extension is imported.
#ifndef MOTET_CPYTHON_NATIVE_H
#define MOTET_CPYTHON_NATIVE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

PyObject *motet_wasm_module(void);
PyObject *motet_nn_module(void);
PyObject *motet_frame_module(void);
PyObject *motet_crypto_module(void);
PyObject *motet_store_module(void);

#endif
