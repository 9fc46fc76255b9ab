// SPDX-License-Identifier: Apache-2.0
// What a Python model needs of Python itself: files and a clock.
#include "nn_model.h"

#include <time.h>

PyObject *motet_nn_content(PyObject *source) {
    if (PyObject_CheckBuffer(source)) {
        return Py_NewRef(source);
    }
    PyObject *path = PyOS_FSPath(source), *file = NULL, *bytes = NULL;
    PyObject *io = path ? PyImport_ImportModule("io") : NULL;
    if (io != NULL) {
        file = PyObject_CallMethod(io, "open", "Os", path, "rb");
    }
    if (file != NULL) {
        bytes = PyObject_CallMethod(file, "read", NULL);
        PyObject *closed = bytes ? PyObject_CallMethod(file, "close", NULL) : NULL;
        if (closed == NULL) {
            Py_CLEAR(bytes);
        }
        Py_XDECREF(closed);
    }
    Py_XDECREF(file);
    Py_XDECREF(io);
    Py_XDECREF(path);
    return bytes;
}

uint64_t motet_nn_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

PyObject *motet_nn_costs(const ModelObject *self, const uint64_t *costs) {
    uint32_t count = nn_operators(self->model);
    PyObject *rows = PyList_New(count);
    for (uint32_t i = 0; rows != NULL && i < count; i++) {
        PyObject *row = Py_BuildValue("(sK)", nn_operator_name(self->model, i), (unsigned long long)costs[i]);
        if (row == NULL) {
            Py_CLEAR(rows);
        } else {
            PyList_SET_ITEM(rows, i, row);
        }
    }
    return rows;
}
