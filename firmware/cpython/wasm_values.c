// SPDX-License-Identifier: Apache-2.0
// Python values for the Canonical ABI: what lowering asks of them, and how lifting builds them.
//
// Only the built-in types are taken, through functions that run no code of their users.
#include "wasm_typed.h"

#include <math.h>

static PyObject *object(motet_abi_value value) {
    return (PyObject *)value;
}

static enum motet_abi_answer cleared(PyObject *expected) {
    if (!PyErr_ExceptionMatches(expected)) {
        return MOTET_ABI_RAISED;
    }
    PyErr_Clear();
    return MOTET_ABI_MISMATCH;
}

static enum motet_abi_answer get_boolean(motet_abi_value value, bool *out) {
    *out = object(value) == Py_True;
    return PyBool_Check(object(value)) ? MOTET_ABI_OK : MOTET_ABI_MISMATCH;
}

static enum motet_abi_answer get_bits(PyObject *number, bool is_signed, uint64_t *out) {
    if (!is_signed) {
        *out = PyLong_AsUnsignedLongLong(number);
        return *out == (uint64_t)-1 && PyErr_Occurred() ? cleared(PyExc_OverflowError) : MOTET_ABI_OK;
    }
    int overflow;
    *out = (uint64_t)PyLong_AsLongLongAndOverflow(number, &overflow);
    return overflow ? MOTET_ABI_MISMATCH : MOTET_ABI_OK;
}

// A float without a fraction is an integer, as in JSON.
static enum motet_abi_answer get_whole(double real, bool is_signed, uint64_t *out) {
    if (!(real >= -0x1p63 && real < 0x1p64) || real != floor(real)) {
        return MOTET_ABI_MISMATCH;
    }
    PyObject *number = PyLong_FromDouble(real);
    if (number == NULL) {
        return MOTET_ABI_RAISED;
    }
    enum motet_abi_answer answer = get_bits(number, is_signed, out);
    Py_DECREF(number);
    return answer;
}

static enum motet_abi_answer get_integer(motet_abi_value value, bool is_signed, uint64_t *out) {
    if (PyFloat_Check(object(value))) {
        return get_whole(PyFloat_AS_DOUBLE(object(value)), is_signed, out);
    }
    if (!PyLong_Check(object(value)) || PyBool_Check(object(value))) {
        return MOTET_ABI_MISMATCH;
    }
    return get_bits(object(value), is_signed, out);
}

static enum motet_abi_answer get_real(motet_abi_value value, double *out) {
    if (PyFloat_Check(object(value))) {
        *out = PyFloat_AS_DOUBLE(object(value));
        return MOTET_ABI_OK;
    }
    if (!PyLong_Check(object(value)) || PyBool_Check(object(value))) {
        return MOTET_ABI_MISMATCH;
    }
    *out = PyLong_AsDouble(object(value));
    return *out == -1.0 && PyErr_Occurred() ? cleared(PyExc_OverflowError) : MOTET_ABI_OK;
}

static enum motet_abi_answer get_text(motet_abi_value value, const char **data, size_t *length) {
    Py_ssize_t size;
    if (!PyUnicode_Check(object(value))) {
        return MOTET_ABI_MISMATCH;
    }
    *data = PyUnicode_AsUTF8AndSize(object(value), &size);
    *length = (size_t)size;
    return *data == NULL ? cleared(PyExc_UnicodeEncodeError) : MOTET_ABI_OK;
}

static enum motet_abi_answer get_list(motet_abi_value value, size_t *count, const uint8_t **bytes) {
    PyObject *list = object(value);
    if (PyBytes_Check(list)) {
        *bytes = (const uint8_t *)PyBytes_AS_STRING(list);
        *count = (size_t)PyBytes_GET_SIZE(list);
        return MOTET_ABI_OK;
    }
    if (!PyList_Check(list) && !PyTuple_Check(list)) {
        return MOTET_ABI_MISMATCH;
    }
    *count = (size_t)Py_SIZE(list);
    return MOTET_ABI_OK;
}

// A list may have become shorter since it was measured: the guest's realloc may have led to code that changed it.
static enum motet_abi_answer get_item(motet_abi_value value, size_t index, motet_abi_value *out) {
    PyObject *list = object(value);
    if (index >= (size_t)Py_SIZE(list)) {
        return MOTET_ABI_MISMATCH;
    }
    PyObject *item = PyList_Check(list) ? PyList_GET_ITEM(list, index) : PyTuple_GET_ITEM(list, index);
    *out = (motet_abi_value)Py_XNewRef(item);
    return item == NULL ? MOTET_ABI_MISMATCH : MOTET_ABI_OK;
}

static enum motet_abi_answer get_record(motet_abi_value value, size_t *count) {
    if (!PyDict_Check(object(value))) {
        return MOTET_ABI_MISMATCH;
    }
    *count = (size_t)PyDict_GET_SIZE(object(value));
    return MOTET_ABI_OK;
}

static enum motet_abi_answer get_field(motet_abi_value value, void *key, motet_abi_value *out) {
    PyObject *item = PyDict_GetItemWithError(object(value), key);
    *out = (motet_abi_value)Py_XNewRef(item);
    return item == NULL && PyErr_Occurred() ? MOTET_ABI_RAISED : MOTET_ABI_OK;
}

static bool is_null(motet_abi_value value) {
    return object(value) == Py_None;
}

static void release(motet_abi_value value) {
    Py_DECREF(object(value));
}

// Takes the reference to `item`, which may be NULL with an exception set.
static bool add(struct wasm_sink *sink, PyObject *item) {
    if (item == NULL) {
        return false;
    }
    if (sink->depth == 0) {
        sink->result = item;
        return true;
    }
    PyObject *container = sink->open[sink->depth - 1].container;
    if (PyDict_CheckExact(container)) {
        int failed = PyDict_SetItem(container, sink->open[sink->depth - 1].key, item);
        Py_DECREF(item);
        return failed == 0;
    }
    Py_ssize_t next = sink->open[sink->depth - 1].next++;
    if (PyList_CheckExact(container)) {
        PyList_SET_ITEM(container, next, item);
    } else {
        PyTuple_SET_ITEM(container, next, item);
    }
    return true;
}

static bool add_boolean(void *to, bool value) {
    return add(to, PyBool_FromLong(value));
}

static bool add_integer(void *to, uint64_t value, bool is_signed) {
    return add(to, is_signed ? PyLong_FromLongLong((int64_t)value) : PyLong_FromUnsignedLongLong(value));
}

static bool add_real(void *to, double value) {
    return add(to, PyFloat_FromDouble(value));
}

static bool add_text(void *to, const char *data, size_t length) {
    return add(to, PyUnicode_DecodeUTF8(data, (Py_ssize_t)length, NULL));
}

static bool add_bytes(void *to, const uint8_t *data, size_t length) {
    return add(to, PyBytes_FromStringAndSize((const char *)data, (Py_ssize_t)length));
}

static bool add_null(void *to) {
    return add(to, Py_NewRef(Py_None));
}

static bool add_word(void *to, void *key) {
    return add(to, Py_NewRef((PyObject *)key));
}

static bool set_key(void *to, void *key) {
    struct wasm_sink *sink = to;
    sink->open[sink->depth - 1].key = key;
    return true;
}

static bool begin(void *to, enum motet_abi_kind kind, size_t count) {
    struct wasm_sink *sink = to;
    PyObject *container = kind == MOTET_ABI_LIST    ? PyList_New((Py_ssize_t)count)
                          : kind == MOTET_ABI_TUPLE ? PyTuple_New((Py_ssize_t)count)
                                                    : PyDict_New();
    sink->open[sink->depth].container = container;
    sink->open[sink->depth].next = 0;
    sink->depth += container != NULL;
    return container != NULL;
}

static bool end(void *to) {
    struct wasm_sink *sink = to;
    sink->depth--;
    return add(sink, sink->open[sink->depth].container);
}

void wasm_sink_clear(struct wasm_sink *sink) {
    Py_CLEAR(sink->result);
    while (sink->depth > 0) {
        sink->depth--;
        Py_CLEAR(sink->open[sink->depth].container);
    }
}

struct motet_abi_binding wasm_values = {
    .source = {.boolean = get_boolean,
               .integer = get_integer,
               .real = get_real,
               .text = get_text,
               .list = get_list,
               .item = get_item,
               .record = get_record,
               .field = get_field,
               .is_null = is_null,
               .release = release},
    .sink = {.boolean = add_boolean,
             .integer = add_integer,
             .real = add_real,
             .text = add_text,
             .bytes = add_bytes,
             .null = add_null,
             .begin = begin,
             .key = set_key,
             .word = add_word,
             .end = end},
    .run = wasm_run,
};

bool wasm_values_ready(void) {
    wasm_values.tag = PyUnicode_InternFromString("tag");
    wasm_values.val = PyUnicode_InternFromString("val");
    wasm_values.none = PyUnicode_InternFromString("none");
    wasm_values.some = PyUnicode_InternFromString("some");
    wasm_values.ok = PyUnicode_InternFromString("ok");
    wasm_values.err = PyUnicode_InternFromString("err");
    return !PyErr_Occurred();
}
