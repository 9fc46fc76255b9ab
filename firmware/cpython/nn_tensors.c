// SPDX-License-Identifier: Apache-2.0
// What a model says about itself, and the view of its inputs.
#include "nn_model.h"

typedef struct {
    PyObject_HEAD ModelObject *owner;
    nn_tensor tensor;
} TensorObject;

static int tensor_get_buffer(TensorObject *self, Py_buffer *view, int flags) {
    return PyBuffer_FillInfo(view, (PyObject *)self, self->tensor.data, (Py_ssize_t)self->tensor.bytes, 0, flags);
}

static void tensor_dealloc(TensorObject *self) {
    Py_DECREF(self->owner);
    PyObject_Free(self);
}

static PyBufferProcs tensor_buffer = {.bf_getbuffer = (getbufferproc)tensor_get_buffer};

PyTypeObject motet_nn_tensor_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "motet_native.nn._Tensor",
    .tp_basicsize = sizeof(TensorObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .tp_dealloc = (destructor)tensor_dealloc,
    .tp_as_buffer = &tensor_buffer,
};

PyObject *motet_nn_view(ModelObject *model, uint32_t index) {
    TensorObject *lender = PyObject_New(TensorObject, &motet_nn_tensor_type);
    if (lender == NULL) {
        return NULL;
    }
    lender->owner = (ModelObject *)Py_NewRef(model);
    lender->tensor = nn_input(model->model, index);
    PyObject *view = PyMemoryView_FromObject((PyObject *)lender);
    Py_DECREF(lender);
    return view;
}

static PyObject *describe(const nn_tensor *tensor) {
    PyObject *shape = PyTuple_New(tensor->rank);
    for (uint32_t i = 0; shape != NULL && i < tensor->rank; i++) {
        PyTuple_SET_ITEM(shape, i, PyLong_FromLong(tensor->shape[i]));
    }
    PyObject *name = PyUnicode_DecodeUTF8(tensor->name, (Py_ssize_t)tensor->name_length, NULL);
    if (name == NULL) { // a name that is not UTF-8 says nothing
        PyErr_Clear();
        name = PyUnicode_FromString("");
    }
    return Py_BuildValue("(NNsdi)", name, shape, nn_type_name(tensor->type), (double)tensor->scale,
                         (int)tensor->zero_point);
}

static PyObject *describe_all(ModelObject *self, uint32_t count, nn_tensor (*tensor)(const nn_model *, uint32_t)) {
    PyObject *all = PyTuple_New(count);
    for (uint32_t i = 0; all != NULL && i < count; i++) {
        nn_tensor one = tensor(self->model, i);
        PyObject *description = describe(&one);
        if (description == NULL) {
            Py_CLEAR(all);
        } else {
            PyTuple_SET_ITEM(all, i, description);
        }
    }
    return all;
}

static PyObject *get_inputs(ModelObject *self, void *Py_UNUSED(closure)) {
    return describe_all(self, nn_inputs(self->model), nn_input);
}

static PyObject *get_outputs(ModelObject *self, void *Py_UNUSED(closure)) {
    return describe_all(self, nn_outputs(self->model), nn_output);
}

static PyObject *get_operators(ModelObject *self, void *Py_UNUSED(closure)) {
    uint32_t count = nn_operators(self->model);
    PyObject *names = PyTuple_New(count);
    for (uint32_t i = 0; names != NULL && i < count; i++) {
        PyObject *name = PyUnicode_InternFromString(nn_operator_name(self->model, i));
        if (name == NULL) {
            Py_CLEAR(names);
        } else {
            PyTuple_SET_ITEM(names, i, name);
        }
    }
    return names;
}

static PyObject *get_arena_bytes(ModelObject *self, void *Py_UNUSED(closure)) {
    return PyLong_FromSize_t(self->arena_bytes);
}

static PyObject *get_remembers(ModelObject *self, void *Py_UNUSED(closure)) {
    return PyBool_FromLong(nn_remembers(self->model));
}

static PyObject *get_steps(ModelObject *self, void *Py_UNUSED(closure)) {
    return PyLong_FromUnsignedLong(self->steps);
}

static PyObject *get_steps_used(ModelObject *self, void *Py_UNUSED(closure)) {
    return PyLong_FromUnsignedLong(nn_steps_used(self->model));
}

static int set_steps(ModelObject *self, PyObject *value, void *Py_UNUSED(closure)) {
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "steps cannot be deleted");
        return -1;
    }
    int overflow;
    long long steps = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (steps == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (overflow || steps < 0 || steps > INT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "steps must be 0 to 2147483647");
        return -1;
    }
    self->steps = (uint32_t)steps;
    return 0;
}

PyGetSetDef motet_nn_properties[] = {
    {"inputs", (getter)get_inputs, NULL, NULL, NULL},
    {"outputs", (getter)get_outputs, NULL, NULL, NULL},
    {"operators", (getter)get_operators, NULL, NULL, NULL},
    {"arena_bytes", (getter)get_arena_bytes, NULL, NULL, NULL},
    {"remembers", (getter)get_remembers, NULL, NULL, NULL},
    {"steps", (getter)get_steps, (setter)set_steps, NULL, NULL},
    {"steps_used", (getter)get_steps_used, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
