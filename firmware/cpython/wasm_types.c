// SPDX-License-Identifier: Apache-2.0
// The Types type of motet_native.wasm: a type descriptor made ready.
#include "wasm_typed.h"

static void *array(size_t count, size_t size) {
    return PyMem_Calloc(count == 0 ? 1 : count, size);
}

static bool allocate(struct motet_abi_types *types) {
    types->types = array(types->type_count, sizeof *types->types);
    types->members = array(types->member_count, sizeof *types->members);
    types->functions = array(types->function_count, sizeof *types->functions);
    if (types->types == NULL || types->members == NULL || types->functions == NULL) {
        PyErr_NoMemory();
        return false;
    }
    return true;
}

static PyObject *name_object(const struct motet_abi_types *types, uint16_t name) {
    size_t length;
    const char *text = motet_abi_name(types, name, &length);
    return PyUnicode_FromStringAndSize(text, (Py_ssize_t)length);
}

// Lookups in dictionaries are fastest with interned names.
static bool make_keys(struct motet_abi_types *types) {
    for (unsigned i = 0; i < types->member_count; i++) {
        struct motet_abi_member *member = &types->members[i];
        if (member->name == 0) {
            continue;
        }
        PyObject *key = name_object(types, member->name);
        if (key == NULL) {
            return false;
        }
        PyUnicode_InternInPlace(&key);
        member->key = key;
    }
    return true;
}

static bool build(Types *self) {
    size_t size = (size_t)PyBytes_GET_SIZE(self->data);
    const char *error = motet_abi_measure(&self->types, (const uint8_t *)PyBytes_AS_STRING(self->data), size);
    if (error == NULL) {
        if (!allocate(&self->types)) {
            return false;
        }
        error = motet_abi_compile(&self->types, size);
    }
    if (error != NULL) {
        PyErr_SetString(wasm_error, error);
        return false;
    }
    return make_keys(&self->types);
}

static PyObject *types_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"descriptor", NULL};
    PyObject *data;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "S:Types", names, &data)) {
        return NULL;
    }
    Types *self = (Types *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->data = Py_NewRef(data);
    if (!build(self)) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static void types_dealloc(Types *self) {
    for (unsigned i = 0; self->types.members != NULL && i < self->types.member_count; i++) {
        Py_XDECREF((PyObject *)self->types.members[i].key);
    }
    PyMem_Free(self->types.types);
    PyMem_Free(self->types.members);
    PyMem_Free(self->types.functions);
    Py_XDECREF(self->data);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *types_functions(Types *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *list = PyList_New(self->types.function_count);
    for (unsigned i = 0; list != NULL && i < self->types.function_count; i++) {
        PyObject *name = name_object(&self->types, self->types.functions[i].name);
        if (name == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SET_ITEM(list, i, name);
        }
    }
    return list;
}

static PyMethodDef types_methods[] = {
    {"functions", (PyCFunction)types_functions, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

PyTypeObject wasm_types_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "motet_native.wasm.Types",
    .tp_basicsize = sizeof(Types),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = types_new,
    .tp_dealloc = (destructor)types_dealloc,
    .tp_methods = types_methods,
};
