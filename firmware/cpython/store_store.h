// SPDX-License-Identifier: Apache-2.0
// The Store object and the methods that are in store_artifacts.c.
#ifndef MOTET_CPYTHON_STORE_STORE_H
#define MOTET_CPYTHON_STORE_STORE_H

#include "store.h"

typedef struct {
    PyObject_HEAD FlashObject *flash;
    struct store store;
} StoreObject;

int store_text_converter(PyObject *object, void *text);
// None, or raises what the result means.
PyObject *store_answer(StoreObject *self, int result);

PyObject *store_py_begin(StoreObject *self, PyObject *size);
PyObject *store_py_write(StoreObject *self, PyObject *args);
PyObject *store_py_finish(StoreObject *self, PyObject *number);
PyObject *store_py_commit(StoreObject *self, PyObject *args);
PyObject *store_py_abort(StoreObject *self, PyObject *number);
PyObject *store_py_artifacts(StoreObject *self, PyObject *ignored);
PyObject *store_py_data(StoreObject *self, PyObject *args);
PyObject *store_py_mark(StoreObject *self, PyObject *args);
PyObject *store_py_remove(StoreObject *self, PyObject *args);

#endif
