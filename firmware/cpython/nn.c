// SPDX-License-Identifier: Apache-2.0
// motet_native.nn on CPython: quantised TensorFlow Lite models. The API is described in motet_native/nn.pyi.
#include "nn_model.h"

static PyObject *nn_exception;
static PyTypeObject model_type;

static void raise_error(const nn_error *error) {
    if (error->operator_index < 0) {
        PyErr_SetString(nn_exception, error->reason);
    } else if (error->name != NULL) {
        PyErr_Format(nn_exception, "operator %d (%s): %s", (int)error->operator_index, error->name, error->reason);
    } else {
        PyErr_Format(nn_exception, "operator %d (builtin %d): %s", (int)error->operator_index, (int)error->builtin,
                     error->reason);
    }
}

static void *allocate(size_t bytes, const char *what) {
    void *block = PyMem_Malloc(bytes);
    if (block == NULL) {
        PyErr_Format(PyExc_MemoryError, "the model's %s need %zu bytes in one block", what, bytes);
    }
    return block;
}

static bool load(ModelObject *self) {
    nn_error error;
    size_t table_bytes;
    if (!nn_measure(self->file.buf, (size_t)self->file.len, &table_bytes, &error)) {
        raise_error(&error);
        return false;
    }
    self->tables = allocate(table_bytes, "tables");
    if (self->tables == NULL) {
        return false;
    }
    self->model = nn_load(self->file.buf, (size_t)self->file.len, self->tables, table_bytes, &error);
    if (self->model == NULL) {
        raise_error(&error);
        return false;
    }
    size_t activation_bytes = nn_activation_bytes(self->model);
    self->activations = allocate(activation_bytes, "activations");
    if (self->activations == NULL) {
        return false;
    }
    self->arena_bytes = table_bytes + activation_bytes;
    if (!nn_attach(self->model, self->activations, activation_bytes, &error)) {
        raise_error(&error);
        return false;
    }
    return true;
}

static PyObject *model_new(PyTypeObject *type, PyObject *args, PyObject *keywords) {
    static char *names[] = {"", NULL}; // positional only
    PyObject *source;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "O:Model", names, &source)) {
        return NULL;
    }
    ModelObject *self = (ModelObject *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    PyObject *bytes = motet_nn_content(source);
    bool loaded = bytes != NULL && motet_hold(bytes, &self->file) && load(self);
    Py_XDECREF(bytes); // the buffer keeps them
    if (!loaded) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static void model_dealloc(ModelObject *self) {
    PyMem_Free(self->activations);
    PyMem_Free(self->tables);
    PyBuffer_Release(&self->file);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static bool refuse_while_running(ModelObject *self) {
    if (self->running) {
        PyErr_SetString(nn_exception, "the model is running in another thread");
    }
    return !self->running;
}

// With `costs` for the nanoseconds of each operator, or without.
static bool invoke(ModelObject *self, uint64_t *costs) {
    nn_error error;
    bool done;
    if (!refuse_while_running(self)) {
        return false;
    }
    self->running = true;
    Py_BEGIN_ALLOW_THREADS;
    done = costs ? nn_profile(self->model, self->steps, motet_nn_nanoseconds, costs, &error)
                 : nn_invoke(self->model, self->steps, &error);
    Py_END_ALLOW_THREADS;
    self->running = false;
    if (!done) {
        raise_error(&error);
    }
    return done;
}

static PyObject *model_invoke(ModelObject *self, PyObject *Py_UNUSED(ignored)) {
    return invoke(self, NULL) ? Py_NewRef(Py_None) : NULL;
}

static PyObject *model_profile(ModelObject *self, PyObject *Py_UNUSED(ignored)) {
    uint64_t *costs = PyMem_Calloc(nn_operators(self->model), sizeof *costs);
    if (costs == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *rows = invoke(self, costs) ? motet_nn_costs(self, costs) : NULL;
    PyMem_Free(costs);
    return rows;
}

static PyObject *model_reset(ModelObject *self, PyObject *Py_UNUSED(ignored)) {
    if (!refuse_while_running(self)) {
        return NULL;
    }
    nn_reset(self->model);
    Py_RETURN_NONE;
}

static bool get_index(PyObject *argument, uint32_t count, uint32_t *index) {
    Py_ssize_t value = PyNumber_AsSsize_t(argument, PyExc_IndexError);
    if (value == -1 && PyErr_Occurred()) {
        return false;
    }
    if (value < 0 || (size_t)value >= count) {
        PyErr_Format(PyExc_IndexError, "tensor index %zd, the model has %u", value, (unsigned)count);
        return false;
    }
    *index = (uint32_t)value;
    return true;
}

static PyObject *model_input(ModelObject *self, PyObject *argument) {
    uint32_t index;
    if (!get_index(argument, nn_inputs(self->model), &index)) {
        return NULL;
    }
    return motet_nn_view(self, index);
}

static PyObject *output_bytes(const nn_tensor *tensor) {
    return PyBytes_FromStringAndSize((const char *)tensor->data, (Py_ssize_t)tensor->bytes);
}

static PyObject *model_output(ModelObject *self, PyObject *argument) {
    uint32_t index;
    if (!refuse_while_running(self) || !get_index(argument, nn_outputs(self->model), &index)) {
        return NULL;
    }
    nn_tensor tensor = nn_output(self->model, index);
    return output_bytes(&tensor);
}

static PyObject *all_outputs(ModelObject *self) {
    uint32_t count = nn_outputs(self->model);
    PyObject *outputs = PyList_New(count);
    for (uint32_t i = 0; outputs != NULL && i < count; i++) {
        nn_tensor tensor = nn_output(self->model, i);
        PyObject *bytes = output_bytes(&tensor);
        if (bytes == NULL) {
            Py_CLEAR(outputs);
        } else {
            PyList_SET_ITEM(outputs, i, bytes);
        }
    }
    return outputs;
}

static PyObject *model_predict(ModelObject *self, PyObject *argument) {
    if (!refuse_while_running(self)) {
        return NULL;
    }
    // A copy: what fills an input may change the list.
    PyObject *inputs = PySequence_Tuple(argument);
    if (inputs == NULL) {
        return NULL;
    }
    bool done = motet_nn_fill_inputs(self, inputs) && invoke(self, NULL);
    Py_DECREF(inputs);
    return done ? all_outputs(self) : NULL;
}

// For the packer: (why the plan in the file is not used, [offset of each of the first `count` tensors]).
static PyObject *model_plan(ModelObject *self, PyObject *argument) {
    Py_ssize_t count = PyNumber_AsSsize_t(argument, PyExc_OverflowError);
    PyObject *offsets = count == -1 && PyErr_Occurred() ? NULL : PyList_New(0);
    for (Py_ssize_t i = 0; offsets != NULL && i < count; i++) {
        PyObject *offset = PyLong_FromUnsignedLong(nn_tensor_offset(self->model, (uint32_t)i));
        if (offset == NULL || PyList_Append(offsets, offset)) {
            Py_CLEAR(offsets);
        }
        Py_XDECREF(offset);
    }
    return offsets ? Py_BuildValue("(zN)", nn_plan_note(self->model), offsets) : NULL;
}

static PyMethodDef model_methods[] = {
    {"predict", (PyCFunction)model_predict, METH_O, "predict(inputs)\n--\n\nCopy inputs, run, copy outputs."},
    {"profile", (PyCFunction)model_profile, METH_NOARGS, "profile()\n--\n\nRun once; (name, cost) of each operator."},
    {"invoke", (PyCFunction)model_invoke, METH_NOARGS, "invoke()\n--\n\nRun once on the inputs in place."},
    {"reset", (PyCFunction)model_reset, METH_NOARGS, "reset()\n--\n\nForget earlier runs."},
    {"input", (PyCFunction)model_input, METH_O, "input(index)\n--\n\nWritable view of an input."},
    {"output", (PyCFunction)model_output, METH_O, "output(index)\n--\n\nCopy of an output."},
    {"_plan", (PyCFunction)model_plan, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyTypeObject model_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "motet_native.nn.Model",
    .tp_doc = "Model(model)\n--\n\nA quantised TensorFlow Lite model, read in place.",
    .tp_basicsize = sizeof(ModelObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = model_new,
    .tp_dealloc = (destructor)model_dealloc,
    .tp_methods = model_methods,
    .tp_getset = motet_nn_properties,
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "motet_native.nn",
    .m_doc = "Quantised TensorFlow Lite models, with the bytes of TensorFlow Lite Micro.",
    .m_size = -1,
};

PyObject *motet_nn_module(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module == NULL || PyType_Ready(&motet_nn_tensor_type)) {
        Py_XDECREF(module);
        return NULL;
    }
    nn_exception = PyErr_NewExceptionWithDoc("motet_native.nn.Error", "A model cannot be loaded or run.", NULL, NULL);
    if (nn_exception == NULL || PyModule_AddObjectRef(module, "Error", nn_exception) ||
        PyModule_AddType(module, &model_type)) {
        Py_CLEAR(module);
    }
    return module;
}
