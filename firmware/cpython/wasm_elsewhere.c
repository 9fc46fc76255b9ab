// SPDX-License-Identifier: Apache-2.0
// Instances whose functions wasmtime runs: our typed calls over its C interface (wasmtime.h). Its library is not
// linked; whoever has it loaded gives addresses of its functions and of what they work on.
#include "wasm.h"

#include <string.h>

#define NAME_MAX_LENGTH 4096

// wasmtime_val_raw_t
struct slot {
    uint64_t low, high;
};

struct functions {
    // wasmtime_func_call_unchecked: its error, or NULL; the trap by its last argument.
    void *(*call)(void *context, const void *function, struct slot *slots, size_t count, void **trap);
    uint8_t *(*data)(void *context, const void *memory);
    size_t (*size)(void *context, const void *memory);
};

struct wasm_elsewhere {
    struct motet_wasm_elsewhere engine;
    struct functions to;
    void *context, *memory;
    // What the last call has ended with; its owner takes them.
    void *error, *trap;
    uint64_t frame[MOTET_WASM_MAX_ARGUMENTS + 1];
};

static const char failed[] = "elsewhere";

static struct wasm_elsewhere *of(const struct motet_wasm *engine) {
    return ((const Instance *)((const char *)engine - offsetof(Instance, engine)))->elsewhere;
}

static const char *call(struct motet_wasm *engine, const struct motet_wasm_function *function) {
    struct wasm_elsewhere *self = of(engine);
    const struct motet_wasm_signature *signature = &function->signature;
    struct slot slots[MOTET_WASM_MAX_ARGUMENTS + 1] = {{0}};
    for (unsigned i = 0; i < signature->arguments; i++) {
        slots[i].low = self->frame[signature->results + i];
    }
    size_t count = signature->arguments > signature->results ? signature->arguments : signature->results;
    self->trap = NULL;
    self->error = self->to.call(self->context, function->handle, slots, count, &self->trap);
    self->frame[0] = slots[0].low;
    engine->trap = self->error != NULL || self->trap != NULL ? failed : NULL;
    return engine->trap;
}

static uint8_t *memory(const struct motet_wasm *engine, size_t *length) {
    const struct wasm_elsewhere *self = of(engine);
    *length = self->memory == NULL ? 0 : self->to.size(self->context, self->memory);
    return *length == 0 ? NULL : self->to.data(self->context, self->memory);
}

// "i(iI)" as types; results stand first, as everywhere. False when it is no signature.
static bool read_signature(const char *text, uint8_t *types, struct motet_wasm_signature *signature) {
    static const char letters[] = "iIfF";
    size_t length = strlen(text), count = 0;
    if (length < 3 || length - 3 > MOTET_WASM_MAX_ARGUMENTS || text[1] != '(' || text[length - 1] != ')') {
        return false;
    }
    for (size_t i = 0; i < length - 1; i++) {
        const char *found = i == 1 ? NULL : strchr(letters, text[i]);
        if (found != NULL) {
            types[count++] = (uint8_t)(MOTET_WASM_I32 + (found - letters));
        } else if (i != 1 && !(i == 0 && text[0] == 'v')) {
            return false;
        }
    }
    *signature = (struct motet_wasm_signature){types, text[0] != 'v', (uint8_t)(length - 3)};
    return true;
}

// Everything of an instance in one block: names and types follow the tables.
static struct wasm_elsewhere *allocate(Py_ssize_t count, size_t names) {
    size_t each = sizeof(struct motet_wasm_export) + sizeof(struct motet_wasm_function) + MOTET_WASM_MAX_ARGUMENTS + 1;
    return PyMem_Calloc(1, sizeof(struct wasm_elsewhere) + (size_t)count * each + names);
}

static bool fill(struct wasm_elsewhere *self, PyObject *rows, Py_ssize_t count) {
    struct motet_wasm_export *names = (struct motet_wasm_export *)(self + 1);
    struct motet_wasm_function *functions = (struct motet_wasm_function *)(names + count);
    uint8_t *types = (uint8_t *)(functions + count);
    char *text = (char *)types + (size_t)count * (MOTET_WASM_MAX_ARGUMENTS + 1);
    for (Py_ssize_t i = 0; i < count; i++, types += MOTET_WASM_MAX_ARGUMENTS + 1) {
        const char *name, *signature;
        Py_ssize_t length;
        unsigned long long address;
        if (!PyArg_ParseTuple(PyList_GET_ITEM(rows, i), "s#sK", &name, &length, &signature, &address)) {
            return false;
        }
        if (!read_signature(signature, types, &functions[i].signature)) {
            PyErr_Format(wasm_error, "%s: %s is not a signature that can be called", name, signature);
            return false;
        }
        functions[i].handle = (struct M3Function *)(uintptr_t)address;
        memcpy(text, name, (size_t)length);
        names[i] = (struct motet_wasm_export){text, (size_t)length, (uint32_t)i};
        text += length;
    }
    self->engine = (struct motet_wasm_elsewhere){.names = names,
                                                 .functions = functions,
                                                 .count = (uint32_t)count,
                                                 .frame = self->frame,
                                                 .call = call,
                                                 .memory = memory};
    return true;
}

static bool measure(PyObject *rows, size_t *names) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(rows); i++) {
        PyObject *row = PyList_GET_ITEM(rows, i);
        const char *name = NULL;
        Py_ssize_t length = 0;
        if (PyTuple_Check(row) && PyTuple_GET_SIZE(row) == 3) {
            name = PyUnicode_AsUTF8AndSize(PyTuple_GET_ITEM(row, 0), &length);
        }
        if (name == NULL || length > NAME_MAX_LENGTH) {
            PyErr_SetString(PyExc_TypeError, "expected (name, signature, address)");
            return false;
        }
        *names += (size_t)length;
    }
    return true;
}

PyObject *wasm_elsewhere(PyObject *type, PyObject *args) {
    PyObject *rows;
    unsigned long long context, at, call_at, data_at, size_at;
    size_t names = 0;
    unsigned int limit;
    if (!PyArg_ParseTuple(args, "O!IKKKKK:elsewhere", &PyList_Type, &rows, &limit, &context, &at, &call_at, &data_at,
                          &size_at) ||
        !measure(rows, &names)) {
        return NULL;
    }
    Py_ssize_t count = PyList_GET_SIZE(rows);
    Instance *self = (Instance *)((PyTypeObject *)type)->tp_alloc((PyTypeObject *)type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->callables = PyList_New(0);
    self->elsewhere = allocate(count, names);
    if (self->callables == NULL || self->elsewhere == NULL || !fill(self->elsewhere, rows, count)) {
        Py_DECREF(self);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    self->elsewhere->engine.memory_limit = limit;
    self->elsewhere->context = (void *)(uintptr_t)context;
    self->elsewhere->memory = (void *)(uintptr_t)at;
    self->elsewhere->to.call = (void *(*)(void *, const void *, struct slot *, size_t, void **))(uintptr_t)call_at;
    self->elsewhere->to.data = (uint8_t *(*)(void *, const void *))(uintptr_t)data_at;
    self->elsewhere->to.size = (size_t (*)(void *, const void *))(uintptr_t)size_at;
    self->engine.elsewhere = &self->elsewhere->engine;
    return (PyObject *)self;
}

PyObject *wasm_elsewhere_failure(Instance *self, PyObject *Py_UNUSED(ignored)) {
    if (self->elsewhere == NULL) {
        return Py_BuildValue("KK", 0ull, 0ull);
    }
    void *error = self->elsewhere->error, *trap = self->elsewhere->trap;
    self->elsewhere->error = self->elsewhere->trap = NULL;
    return Py_BuildValue("KK", (unsigned long long)(uintptr_t)error, (unsigned long long)(uintptr_t)trap);
}
