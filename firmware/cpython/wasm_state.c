// SPDX-License-Identifier: Apache-2.0
// What an Instance shows of itself: linear memory, fuel, the last trap.
#include "wasm.h"

#include <string.h>

// The bytes [offset, offset + length) of the linear memory, or NULL with IndexError set.
static uint8_t *span(Instance *self, Py_ssize_t offset, Py_ssize_t length) {
    size_t size;
    uint8_t *memory = motet_wasm_memory(&self->engine, &size);
    if (offset < 0 || length < 0 || (size_t)offset > size || (size_t)length > size - (size_t)offset) {
        PyErr_Format(PyExc_IndexError, "%zd bytes at %zd are outside the memory of %zu bytes", length, offset, size);
        return NULL;
    }
    // An empty span of an empty memory still is not a null pointer.
    return memory == NULL ? (uint8_t *)self : memory + offset;
}

PyObject *wasm_read(Instance *self, PyObject *args) {
    Py_ssize_t offset, length;
    if (!PyArg_ParseTuple(args, "nn:read", &offset, &length) || !wasm_usable(self)) {
        return NULL;
    }
    const uint8_t *from = span(self, offset, length);
    return from == NULL ? NULL : PyBytes_FromStringAndSize((const char *)from, length);
}

PyObject *wasm_write(Instance *self, PyObject *args) {
    Py_ssize_t offset;
    Py_buffer data;
    if (!PyArg_ParseTuple(args, "ny*:write", &offset, &data)) {
        return NULL;
    }
    uint8_t *to = wasm_usable(self) ? span(self, offset, data.len) : NULL;
    if (to != NULL) {
        memcpy(to, data.buf, (size_t)data.len);
    }
    PyBuffer_Release(&data);
    return to == NULL ? NULL : Py_NewRef(Py_None);
}

static PyObject *get_fuel(Instance *self, void *Py_UNUSED(closure)) {
    return PyLong_FromUnsignedLong(self->engine.fuel);
}

static int set_fuel(Instance *self, PyObject *value, void *Py_UNUSED(closure)) {
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "fuel cannot be deleted");
        return -1;
    }
    if (!wasm_usable(self)) {
        return -1;
    }
    int overflow;
    long long fuel = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (fuel == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (overflow || fuel < 0 || fuel > UINT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "fuel must be 0 to 4294967295");
        return -1;
    }
    self->engine.fuel = (uint32_t)fuel;
    return 0;
}

static PyObject *get_trap(Instance *self, void *Py_UNUSED(closure)) {
    return self->engine.trap == NULL ? Py_NewRef(Py_None) : PyUnicode_FromString(self->engine.trap);
}

static PyObject *get_memory_bytes(Instance *self, void *Py_UNUSED(closure)) {
    if (!wasm_usable(self)) {
        return NULL;
    }
    size_t length;
    motet_wasm_memory(&self->engine, &length);
    return PyLong_FromSize_t(length);
}

PyGetSetDef wasm_properties[] = {
    {"fuel", (getter)get_fuel, (setter)set_fuel, NULL, NULL},
    {"trap", (getter)get_trap, NULL, NULL, NULL},
    {"memory_bytes", (getter)get_memory_bytes, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
