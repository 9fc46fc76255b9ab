// SPDX-License-Identifier: Apache-2.0
// The Store type of motet_native.store: its life, and values by namespace and key.
#include "store_store.h"

static PyObject *store_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"flash", "board", "format", NULL};
    FlashObject *flash;
    const char *board;
    int format = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!s|p:Store", names, &store_flash_type, &flash, &board, &format)) {
        return NULL;
    }
    StoreObject *self = (StoreObject *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->flash = (FlashObject *)Py_NewRef(flash);
    int result = store_mount(&self->store, &flash->flash, &flash->layout, board);
    if (format && result != STORE_INVALID) {
        result = store_format(&self->store);
    }
    if (result != STORE_OK) {
        store_raise(result, flash);
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static void store_dealloc(StoreObject *self) {
    Py_XDECREF(self->flash);
    Py_TYPE(self)->tp_free(self);
}

bool store_text_from(PyObject *object, struct store_text *text) {
    Py_ssize_t length;
    char *bytes;
    if (PyUnicode_Check(object)) {
        bytes = (char *)PyUnicode_AsUTF8AndSize(object, &length);
    } else if (PyBytes_AsStringAndSize(object, &bytes, &length)) {
        return false;
    }
    if (bytes != NULL) {
        // Longer ones are refused by the store; the cast must not shorten them.
        *text = (struct store_text){bytes, length > UINT16_MAX ? UINT16_MAX : (uint32_t)length};
    }
    return bytes != NULL;
}

int store_text_converter(PyObject *object, void *text) {
    return store_text_from(object, text);
}

static PyObject *store_py_get(StoreObject *self, PyObject *args) {
    struct store_text space, key, value;
    if (!PyArg_ParseTuple(args, "O&O&:get", store_text_converter, &space, store_text_converter, &key)) {
        return NULL;
    }
    if (store_get(&self->store, space, key, &value) != STORE_OK) {
        Py_RETURN_NONE;
    }
    return PyBytes_FromStringAndSize(value.bytes, value.length);
}

PyObject *store_answer(StoreObject *self, int result) {
    return result == STORE_OK ? Py_NewRef(Py_None) : store_raise(result, self->flash);
}

static PyObject *store_py_put(StoreObject *self, PyObject *args) {
    struct store_text space, key;
    Py_buffer data;
    unsigned int quota = 0;
    if (!PyArg_ParseTuple(args, "O&O&y*|I:put", store_text_converter, &space, store_text_converter, &key, &data,
                          &quota)) {
        return NULL;
    }
    struct store_text value = {data.buf, data.len > UINT16_MAX ? UINT16_MAX : (uint32_t)data.len};
    int result = store_put(&self->store, space, key, value, quota);
    PyBuffer_Release(&data);
    return store_answer(self, result);
}

static PyObject *store_py_delete(StoreObject *self, PyObject *args) {
    struct store_text space, key;
    if (!PyArg_ParseTuple(args, "O&O&:delete", store_text_converter, &space, store_text_converter, &key)) {
        return NULL;
    }
    int result = store_delete(&self->store, space, key);
    if (result != STORE_OK && result != STORE_NOT_FOUND) {
        return store_raise(result, self->flash);
    }
    return PyBool_FromLong(result == STORE_OK);
}

static PyObject *store_py_keys(StoreObject *self, PyObject *argument) {
    struct store_text space;
    struct store_walk walk = {0};
    PyObject *keys = store_text_from(argument, &space) ? PyList_New(0) : NULL;
    while (keys != NULL && store_next(&self->store, space, &walk)) {
        PyObject *key = PyBytes_FromStringAndSize(walk.key.bytes, walk.key.length);
        if (key == NULL || PyList_Append(keys, key)) {
            Py_CLEAR(keys);
        }
        Py_XDECREF(key);
    }
    return keys;
}

static PyObject *store_py_usage(StoreObject *self, PyObject *argument) {
    struct store_text space;
    return store_text_from(argument, &space) ? PyLong_FromUnsignedLong(store_usage(&self->store, space)) : NULL;
}

static PyObject *store_py_format(StoreObject *self, PyObject *Py_UNUSED(ignored)) {
    return store_answer(self, store_format(&self->store));
}

static PyObject *store_py_stats(StoreObject *self, PyObject *Py_UNUSED(ignored)) {
    struct store_stats stats;
    store_stats(&self->store, &stats);
    return Py_BuildValue("{sIsIsIsIsIsIsIsIsIsI}", "sectors", stats.sectors, "free", stats.free, "retired",
                         stats.retired, "least_erases", stats.least_erases, "most_erases", stats.most_erases, "torn",
                         stats.torn, "damaged", stats.damaged, "slots", stats.slots, "slots_free", stats.slots_free,
                         "slots_retired", stats.slots_retired);
}

static PyMethodDef methods[] = {
    {"get", (PyCFunction)store_py_get, METH_VARARGS, NULL},
    {"put", (PyCFunction)store_py_put, METH_VARARGS, NULL},
    {"delete", (PyCFunction)store_py_delete, METH_VARARGS, NULL},
    {"keys", (PyCFunction)store_py_keys, METH_O, NULL},
    {"usage", (PyCFunction)store_py_usage, METH_O, NULL},
    {"format", (PyCFunction)store_py_format, METH_NOARGS, NULL},
    {"stats", (PyCFunction)store_py_stats, METH_NOARGS, NULL},
    {"begin", (PyCFunction)store_py_begin, METH_O, NULL},
    {"write", (PyCFunction)store_py_write, METH_VARARGS, NULL},
    {"finish", (PyCFunction)store_py_finish, METH_O, NULL},
    {"commit", (PyCFunction)store_py_commit, METH_VARARGS, NULL},
    {"abort", (PyCFunction)store_py_abort, METH_O, NULL},
    {"artifacts", (PyCFunction)store_py_artifacts, METH_NOARGS, NULL},
    {"data", (PyCFunction)store_py_data, METH_VARARGS, NULL},
    {"mark", (PyCFunction)store_py_mark, METH_VARARGS, NULL},
    {"remove", (PyCFunction)store_py_remove, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject store_store_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "motet_native.store.Store",
    .tp_basicsize = sizeof(StoreObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = store_new,
    .tp_dealloc = (destructor)store_dealloc,
    .tp_methods = methods,
};
