// SPDX-License-Identifier: Apache-2.0
// A Python model, shared by the files of motet_native.nn.
#ifndef MOTET_CPYTHON_NN_MODEL_H
#define MOTET_CPYTHON_NN_MODEL_H

#include "native.h"

#include "nn/nn.h"

typedef struct {
    PyObject_HEAD Py_buffer file;
    nn_model *model;
    void *tables;
    void *activations;
    size_t arena_bytes;
    uint32_t steps;
    bool running; // in a thread that has released the GIL
} ModelObject;

// Lends the memory of an input and keeps its model alive; only ever seen through a memoryview.
extern PyTypeObject motet_nn_tensor_type;

// A writable memoryview of an input. The index is in range.
PyObject *motet_nn_view(ModelObject *model, uint32_t index);

// Fills all inputs from a tuple of buffers and callables. False: an exception is set.
bool motet_nn_fill_inputs(ModelObject *model, PyObject *inputs);

// The bytes of a file that is named, or `source` itself when it has bytes; a new reference.
PyObject *motet_nn_content(PyObject *source);

// A clock, and [(operator's name, cost), ...].
uint64_t motet_nn_nanoseconds(void);
PyObject *motet_nn_costs(const ModelObject *model, const uint64_t *costs);

// inputs, outputs, operators, arena_bytes, steps, steps_used
extern PyGetSetDef motet_nn_properties[];

#endif
