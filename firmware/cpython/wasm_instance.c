// SPDX-License-Identifier: Apache-2.0
// The Instance type of motet_native.wasm: its life, its imports and exports.
#include "wasm_typed.h"

static bool load_code(Instance *self, PyObject *code, unsigned int memory, unsigned int stack) {
    if (!motet_hold(code, &self->code)) {
        return false;
    }
    const char *error =
        motet_wasm_load(&self->engine, self->code.buf, (size_t)self->code.len, memory, stack, wasm_call_host);
    if (error != NULL) {
        wasm_fail(self, error);
    }
    return error == NULL;
}

// Everything happens in __new__: an instance cannot be initialised a second time under the feet of its
// functions.
static PyObject *instance_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"code", "memory", "stack", NULL};
    PyObject *code;
    long long memory = 4096, stack = 2048;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|LL:Instance", names, &code, &memory, &stack)) {
        return NULL;
    }
    if (memory < 0 || memory > UINT32_MAX || stack < 0 || stack > UINT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "memory and stack must be 0 to 4294967295 bytes");
        return NULL;
    }
    Instance *self = (Instance *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->callables = PyList_New(0);
    if (self->callables == NULL || !load_code(self, code, (unsigned int)memory, (unsigned int)stack)) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static int instance_traverse(Instance *self, visitproc visit, void *arg) {
    Py_VISIT(self->callables);
    Py_VISIT(self->code.obj);
    return 0;
}

static int instance_clear(Instance *self) {
    motet_wasm_unload(&self->engine);
    PyMem_Free(self->elsewhere);
    self->elsewhere = NULL;
    PyBuffer_Release(&self->code);
    Py_CLEAR(self->callables);
    return 0;
}

static void instance_dealloc(Instance *self) {
    PyObject_GC_UnTrack(self);
    instance_clear(self);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *instance_close(Instance *self, PyObject *Py_UNUSED(ignored)) {
    if (self->depth > 0) {
        PyErr_SetString(wasm_error, "the instance is running");
        return NULL;
    }
    instance_clear(self);
    Py_RETURN_NONE;
}

static PyObject *instance_imports(Instance *self, PyObject *Py_UNUSED(ignored)) {
    if (!wasm_usable(self)) {
        return NULL;
    }
    PyObject *list = PyList_New(self->engine.import_count);
    for (uint32_t i = 0; list != NULL && i < self->engine.import_count; i++) {
        const struct motet_wasm_import *import = &self->engine.imports[i];
        char text[MOTET_WASM_SIGNATURE_TEXT];
        motet_wasm_signature_text(import->signature, text);
        PyObject *row = Py_BuildValue("(sss)", import->module, import->name, text);
        if (row == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SET_ITEM(list, i, row);
        }
    }
    return list;
}

static PyObject *instance_exports(Instance *self, PyObject *Py_UNUSED(ignored)) {
    if (!wasm_usable(self)) {
        return NULL;
    }
    PyObject *list = PyList_New(0);
    struct motet_wasm_export export = {0};
    while (list != NULL && motet_wasm_next_export(&self->engine, &export)) {
        char text[MOTET_WASM_SIGNATURE_TEXT];
        motet_wasm_signature_text(motet_wasm_export_signature(&self->engine, &export), text);
        PyObject *row = Py_BuildValue("(s#s)", export.name, (Py_ssize_t)export.length, text);
        if (row == NULL || PyList_Append(list, row)) {
            Py_CLEAR(list);
        }
        Py_XDECREF(row);
    }
    return list;
}

static PyObject *instance_link(Instance *self, PyObject *args) {
    const char *module, *name;
    PyObject *callable;
    if (!PyArg_ParseTuple(args, "ssO:link", &module, &name, &callable) || !wasm_usable(self)) {
        return NULL;
    }
    if (!PyCallable_Check(callable)) {
        PyErr_SetString(PyExc_TypeError, "link() needs a callable");
        return NULL;
    }
    if (PyList_Append(self->callables, callable)) {
        return NULL;
    }
    const char *error = motet_wasm_link(&self->engine, module, name, callable);
    if (error != NULL) {
        PyErr_Format(wasm_error, "%s.%s: %s", module, name, error);
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *instance_find(Instance *self, PyObject *name) {
    Py_ssize_t length;
    const char *text = PyUnicode_AsUTF8AndSize(name, &length);
    return text == NULL || !wasm_usable(self) ? NULL : wasm_new_function(self, text, (size_t)length);
}

static PyMethodDef instance_methods[] = {
    {"imports", (PyCFunction)instance_imports, METH_NOARGS, NULL},
    {"exports", (PyCFunction)instance_exports, METH_NOARGS, NULL},
    {"link", (PyCFunction)instance_link, METH_VARARGS, NULL},
    {"find", (PyCFunction)instance_find, METH_O, NULL},
    {"typed", (PyCFunction)(void (*)(void))wasm_typed, METH_VARARGS | METH_KEYWORDS, NULL},
    {"link_typed", wasm_link_typed, METH_VARARGS, NULL},
    {"read", (PyCFunction)wasm_read, METH_VARARGS, NULL},
    {"write", (PyCFunction)wasm_write, METH_VARARGS, NULL},
    {"elsewhere", wasm_elsewhere, METH_VARARGS | METH_CLASS, NULL},
    {"failure", (PyCFunction)wasm_elsewhere_failure, METH_NOARGS, NULL},
    {"close", (PyCFunction)instance_close, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject wasm_instance_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "motet_native.wasm.Instance",
    .tp_basicsize = sizeof(Instance),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .tp_new = instance_new,
    .tp_traverse = (traverseproc)instance_traverse,
    .tp_clear = (inquiry)instance_clear,
    .tp_dealloc = (destructor)instance_dealloc,
    .tp_methods = instance_methods,
    .tp_getset = wasm_properties,
};
