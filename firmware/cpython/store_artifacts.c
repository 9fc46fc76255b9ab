// SPDX-License-Identifier: Apache-2.0
// Artifacts of the Store type: their slots and their directory.
#include "store_store.h"

// A read-only view of the flash, which it keeps alive.
static PyObject *view(StoreObject *self, const uint8_t *data, uint32_t size) {
    Py_ssize_t at = data - self->flash->memory;
    PyObject *whole = PyMemoryView_FromObject((PyObject *)self->flash);
    PyObject *part = whole ? PySequence_GetSlice(whole, at, at + (Py_ssize_t)size) : NULL;
    Py_XDECREF(whole);
    return part;
}

// A number of 32 bits; false with an exception.
static bool number_from(PyObject *object, uint32_t *number) {
    unsigned long value = PyLong_AsUnsignedLong(object);
    if (value == (unsigned long)-1 && PyErr_Occurred()) {
        return false;
    }
    if (value > UINT32_MAX) {
        PyErr_SetString(PyExc_OverflowError, "more than 32 bits");
        return false;
    }
    *number = (uint32_t)value;
    return true;
}

PyObject *store_py_begin(StoreObject *self, PyObject *object) {
    uint32_t size, number;
    if (!number_from(object, &size)) {
        return NULL;
    }
    int result = store_begin(&self->store, size, &number);
    return result == STORE_OK ? PyLong_FromUnsignedLong(number) : store_raise(result, self->flash);
}

PyObject *store_py_write(StoreObject *self, PyObject *args) {
    unsigned int number, offset;
    Py_buffer data;
    if (!PyArg_ParseTuple(args, "IIy*:write", &number, &offset, &data)) {
        return NULL;
    }
    int result = data.len > (Py_ssize_t)UINT32_MAX
                     ? STORE_INVALID
                     : store_write(&self->store, number, offset, data.buf, (uint32_t)data.len);
    PyBuffer_Release(&data);
    if (result != STORE_OK || self->flash->dead) {
        return store_raise(result, self->flash);
    }
    return PyLong_FromUnsignedLong(store_stage(&self->store, number)->received);
}

PyObject *store_py_finish(StoreObject *self, PyObject *object) {
    uint32_t number;
    const uint8_t *data;
    if (!number_from(object, &number)) {
        return NULL;
    }
    int result = store_finish(&self->store, number, &data);
    return result == STORE_OK ? view(self, data, store_stage(&self->store, number)->size)
                              : store_raise(result, self->flash);
}

PyObject *store_py_commit(StoreObject *self, PyObject *args) {
    struct store_artifact artifact = {0};
    struct store_text name, digest;
    unsigned int number, revision;
    if (!PyArg_ParseTuple(args, "IbO&IO&:commit", &number, &artifact.kind, store_text_converter, &name, &revision,
                          store_text_converter, &digest)) {
        return NULL;
    }
    if (name.length > STORE_NAME_LENGTH || digest.length != STORE_DIGEST_LENGTH) {
        return store_raise(STORE_INVALID, self->flash);
    }
    artifact.revision = revision;
    artifact.name_length = (uint8_t)name.length;
    memcpy(artifact.name, name.bytes, name.length);
    memcpy(artifact.digest, digest.bytes, digest.length);
    return store_answer(self, store_commit(&self->store, number, &artifact));
}

PyObject *store_py_abort(StoreObject *self, PyObject *object) {
    uint32_t number;
    if (!number_from(object, &number)) {
        return NULL;
    }
    store_abort(&self->store, number);
    Py_RETURN_NONE;
}

static PyObject *row_of(const struct store_artifact *artifact) {
    PyObject *reason = artifact->reason_length
                           ? PyUnicode_DecodeUTF8(artifact->reason, artifact->reason_length, "replace")
                           : Py_NewRef(Py_None);
    PyObject *name = PyUnicode_DecodeUTF8(artifact->name, artifact->name_length, "replace");
    if (reason == NULL || name == NULL) {
        Py_XDECREF(reason);
        Py_XDECREF(name);
        return NULL;
    }
    return Py_BuildValue("(iNIIy#N)", artifact->kind, name, artifact->revision, artifact->size, artifact->digest,
                         (Py_ssize_t)STORE_DIGEST_LENGTH, reason);
}

PyObject *store_py_artifacts(StoreObject *self, PyObject *Py_UNUSED(ignored)) {
    struct store_walk walk = {0};
    struct store_artifact artifact;
    PyObject *rows = PyList_New(0);
    while (rows != NULL && store_next_artifact(&self->store, &walk, &artifact)) {
        PyObject *row = row_of(&artifact);
        if (row == NULL || PyList_Append(rows, row)) {
            Py_CLEAR(rows);
        }
        Py_XDECREF(row);
    }
    return rows;
}

PyObject *store_py_data(StoreObject *self, PyObject *args) {
    unsigned char kind;
    struct store_text name;
    struct store_artifact artifact;
    if (!PyArg_ParseTuple(args, "bO&:data", &kind, store_text_converter, &name)) {
        return NULL;
    }
    if (store_find(&self->store, kind, name, &artifact) != STORE_OK) {
        Py_RETURN_NONE;
    }
    return view(self, store_data(&self->store, &artifact), artifact.size);
}

PyObject *store_py_mark(StoreObject *self, PyObject *args) {
    unsigned char kind;
    struct store_text name, reason;
    if (!PyArg_ParseTuple(args, "bO&O&:mark", &kind, store_text_converter, &name, store_text_converter, &reason)) {
        return NULL;
    }
    if (reason.length > STORE_REASON_LENGTH) {
        reason.length = STORE_REASON_LENGTH;
    }
    return store_answer(self, store_mark(&self->store, kind, name, reason));
}

PyObject *store_py_remove(StoreObject *self, PyObject *args) {
    unsigned char kind;
    struct store_text name;
    if (!PyArg_ParseTuple(args, "bO&:remove", &kind, store_text_converter, &name)) {
        return NULL;
    }
    int result = store_remove(&self->store, kind, name);
    if (result != STORE_OK && result != STORE_NOT_FOUND) {
        return store_raise(result, self->flash);
    }
    return PyBool_FromLong(result == STORE_OK);
}
