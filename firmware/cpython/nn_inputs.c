// SPDX-License-Identifier: Apache-2.0
// Inputs of a run: bytes to copy, or callables that write them in place.
#include "nn_model.h"

// A callable gets the input's memory and fills it.
static bool call_filler(ModelObject *self, uint32_t index, PyObject *filler) {
    PyObject *view = motet_nn_view(self, index);
    PyObject *result = view ? PyObject_CallOneArg(filler, view) : NULL;
    Py_XDECREF(view);
    Py_XDECREF(result);
    return result != NULL;
}

static bool fill_input(ModelObject *self, uint32_t index, PyObject *source) {
    Py_buffer buffer;
    if (PyCallable_Check(source) && !PyObject_CheckBuffer(source)) {
        return call_filler(self, index, source);
    }
    nn_tensor tensor = nn_input(self->model, index);
    if (PyObject_GetBuffer(source, &buffer, PyBUF_SIMPLE)) {
        return false;
    }
    bool fits = buffer.len == (Py_ssize_t)tensor.bytes;
    if (fits) {
        memmove(tensor.data, buffer.buf, tensor.bytes); // it may be the view of the input itself
    } else {
        PyErr_Format(PyExc_ValueError, "input %u has %zd bytes, the model needs %u", (unsigned)index, buffer.len,
                     (unsigned)tensor.bytes);
    }
    PyBuffer_Release(&buffer);
    return fits;
}

bool motet_nn_fill_inputs(ModelObject *self, PyObject *inputs) {
    Py_ssize_t count = PyTuple_GET_SIZE(inputs);
    if ((size_t)count != nn_inputs(self->model)) {
        PyErr_Format(PyExc_ValueError, "%zd inputs, the model needs %u", count, (unsigned)nn_inputs(self->model));
        return false;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!fill_input(self, (uint32_t)i, PyTuple_GET_ITEM(inputs, i))) {
            return false;
        }
    }
    return true;
}
