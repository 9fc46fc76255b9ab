// SPDX-License-Identifier: Apache-2.0
// Typed calls between Python and wasm code, in both directions.
#include "wasm_typed.h"

#include <string.h>

#include "wasm_guard.h"

// Room for a path through the deepest type, as people read it.
#define EXPLANATION 256

static PyObject *fail(const Typed *self, const struct motet_abi_call *call, const char *error) {
    if (error == motet_abi_mismatch) {
        char text[EXPLANATION];
        motet_abi_explain(call, text, sizeof text);
        PyErr_SetString(call->lifting ? PyExc_ValueError : PyExc_TypeError, text);
        return NULL;
    }
    return wasm_fail(self->instance, error);
}

// The instance counts as running during all of a call: nothing that conversions lead to may close it.
static PyObject *invoke(Typed *self, const motet_abi_value *values, motet_abi_value record) {
    struct wasm_sink sink = {.depth = 0};
    struct motet_abi_call call = {.guest = &self->guest, .to = &sink};
    if (!wasm_usable(self->instance)) {
        return NULL;
    }
    self->instance->depth++;
    self->instance->thread = PyThread_get_thread_ident();
    const char *error = motet_abi_call(&call, values, record);
    self->instance->depth--;
    if (error != NULL) {
        wasm_sink_clear(&sink);
        return fail(self, &call, error);
    }
    return sink.result == NULL ? Py_NewRef(Py_None) : sink.result;
}

static PyObject *typed_call(PyObject *object, PyObject *const *arguments, size_t flags, PyObject *names) {
    Typed *self = (Typed *)object;
    Py_ssize_t given = PyVectorcall_NARGS(flags);
    if (names != NULL || given != self->guest.function->params.count) {
        PyErr_Format(PyExc_TypeError, "expected %d positional arguments, got %zd",
                     (int)self->guest.function->params.count, given + (names == NULL ? 0 : PyTuple_GET_SIZE(names)));
        return NULL;
    }
    // Without arguments there is no array, which would mean that they are in a record.
    static const motet_abi_value none[1];
    return invoke(self, given == 0 ? none : (const motet_abi_value *)arguments, 0);
}

static PyObject *typed_apply(Typed *self, PyObject *arguments) {
    return invoke(self, NULL, (motet_abi_value)arguments);
}

static Typed *new_typed(PyTypeObject *type, Instance *instance, Types *types, PyObject *name) {
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(name, &length);
    const struct motet_abi_function *function =
        text == NULL ? NULL : motet_abi_find(&types->types, text, (size_t)length);
    if (function == NULL) {
        if (text != NULL) {
            PyErr_Format(wasm_error, "the types describe no function %U", name);
        }
        return NULL;
    }
    Typed *self = PyObject_GC_New(Typed, type);
    if (self != NULL) {
        self->instance = instance;
        self->types = (Types *)Py_NewRef((PyObject *)types);
        self->callable = NULL;
        self->guest = (struct motet_abi_guest){&wasm_values, &instance->engine, &types->types, function, .json = false};
        self->vectorcall = typed_call;
    }
    return self;
}

static bool bind(Typed *self, PyObject *name) {
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(name, &length);
    const char *error = text == NULL ? NULL : wasm_bind(self->instance, &self->guest, text, (size_t)length);
    if (error == NULL) {
        return text != NULL;
    }
    if (error == motet_wasm_host_failed || error == motet_wasm_no_memory || error == self->instance->engine.trap) {
        wasm_fail(self->instance, error);
    } else {
        PyErr_Format(wasm_error, "%U: %s", name, error);
    }
    return false;
}

PyObject *wasm_typed(PyObject *instance, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"name", "types", "json", NULL};
    PyObject *name;
    Types *types;
    int json = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "UO!|$p:typed", names, &name, &wasm_types_type, &types, &json) ||
        !wasm_usable((Instance *)instance)) {
        return NULL;
    }
    Typed *self = new_typed(&wasm_typed_type, (Instance *)Py_NewRef(instance), types, name);
    if (self == NULL) {
        Py_DECREF(instance);
        return NULL;
    }
    self->guest.json = json;
    if (!bind(self, name)) {
        Py_CLEAR(self);
    } else {
        PyObject_GC_Track(self);
    }
    return (PyObject *)self;
}

static const struct motet_wasm_import *find_import(const Instance *self, const char *module, const char *name) {
    for (uint32_t i = 0; i < self->engine.import_count; i++) {
        const struct motet_wasm_import *import = &self->engine.imports[i];
        if (strcmp(import->module, module) == 0 && strcmp(import->name, name) == 0) {
            return import;
        }
    }
    return NULL;
}

static const char *link_import(Instance *self, Typed *typed, const char *module, const char *name) {
    const struct motet_wasm_import *import = find_import(self, module, name);
    if (import == NULL) {
        return "the module has no such import";
    }
    const char *error = motet_abi_bind_import(&typed->guest, import->signature);
    return error == NULL ? motet_wasm_link(&self->engine, module, name, typed) : error;
}

PyObject *wasm_link_typed(PyObject *object, PyObject *args) {
    Instance *self = (Instance *)object;
    const char *module, *name;
    PyObject *callable;
    Types *types;
    if (!PyArg_ParseTuple(args, "ssO!O:link_typed", &module, &name, &wasm_types_type, &types, &callable) ||
        !wasm_usable(self)) {
        return NULL;
    }
    PyObject *full = PyUnicode_FromFormat("%s#%s", module, name);
    Typed *typed = full == NULL ? NULL : new_typed(&wasm_import_type, self, types, full);
    Py_XDECREF(full);
    if (typed == NULL) {
        return NULL;
    }
    typed->callable = Py_NewRef(callable);
    PyObject_GC_Track(typed);
    const char *error =
        PyList_Append(self->callables, (PyObject *)typed) ? NULL : link_import(self, typed, module, name);
    Py_DECREF(typed);
    if (error != NULL) {
        PyErr_Format(wasm_error, "%s#%s: %s", module, name, error);
    }
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

static const char *failed(const Typed *self, const struct motet_abi_call *call, const char *error) {
    if (error == motet_abi_mismatch) {
        fail(self, call, error);
        return motet_wasm_host_failed;
    }
    return error;
}

static const char *lower_result(const Typed *self, struct motet_abi_call *call, uint64_t *stack, PyObject *result) {
    if (result == NULL) {
        return motet_wasm_host_failed;
    }
    const char *error = motet_abi_lower_result(call, stack, (motet_abi_value)result);
    Py_DECREF(result);
    return error == NULL ? NULL : failed(self, call, error);
}

const char *wasm_call_typed(PyObject *import, uint64_t *stack) {
    Typed *self = (Typed *)import;
    struct wasm_sink sink = {.depth = 0};
    struct motet_abi_call call = {.guest = &self->guest, .to = &sink};
    if (Py_IS_TYPE(self->callable, &wasm_guard_type)) {
        PyObject *value = NULL;
        const char *error = NULL;
        if (wasm_guard_pass(self, stack, &call.result, &value, &error)) {
            if (value != NULL) {
                return lower_result(self, &call, stack, value);
            }
            motet_wasm_message_blame(&call);
            return failed(self, &call, error);
        }
    }
    const char *error = motet_abi_lift_arguments(&call, stack);
    PyObject *result = error == NULL ? PyObject_CallObject(self->callable, sink.result) : NULL;
    wasm_sink_clear(&sink);
    return error == NULL ? lower_result(self, &call, stack, result) : failed(self, &call, error);
}

static int typed_traverse(Typed *self, visitproc visit, void *arg) {
    if (Py_TYPE(self) == &wasm_typed_type) {
        Py_VISIT(self->instance);
    }
    Py_VISIT(self->callable);
    return 0;
}

static void typed_dealloc(Typed *self) {
    PyObject_GC_UnTrack(self);
    if (Py_TYPE(self) == &wasm_typed_type) {
        Py_DECREF(self->instance);
    }
    Py_DECREF(self->types);
    Py_XDECREF(self->callable);
    PyObject_GC_Del(self);
}

static PyMethodDef typed_methods[] = {
    {"apply", (PyCFunction)typed_apply, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject wasm_typed_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "motet_native.wasm.Typed",
    .tp_basicsize = sizeof(Typed),
    .tp_flags =
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_vectorcall_offset = offsetof(Typed, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_traverse = (traverseproc)typed_traverse,
    .tp_dealloc = (destructor)typed_dealloc,
    .tp_methods = typed_methods,
};

PyTypeObject wasm_import_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "motet_native.wasm._Import",
    .tp_basicsize = sizeof(Typed),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_traverse = (traverseproc)typed_traverse,
    .tp_dealloc = (destructor)typed_dealloc,
};
