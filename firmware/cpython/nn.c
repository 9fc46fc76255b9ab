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

static bool load(ModelObject *self) {
    nn_error error;
    size_t table_bytes;
    if (!nn_measure(self->file.buf, (size_t)self->file.len, &table_bytes, &error)) {
        raise_error(&error);
        return false;
    }
    self->tables = PyMem_Malloc(table_bytes);
    if (self->tables == NULL) {
        PyErr_NoMemory();
        return false;
    }
    self->model = nn_load(self->file.buf, (size_t)self->file.len, self->tables, table_bytes, &error);
    if (self->model == NULL) {
        raise_error(&error);
        return false;
    }
    size_t activation_bytes = nn_activation_bytes(self->model);
    self->activations = PyMem_Malloc(activation_bytes);
    if (self->activations == NULL) {
        PyErr_NoMemory();
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
    if (PyObject_GetBuffer(source, &self->file, PyBUF_SIMPLE) || !load(self)) {
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

static bool invoke(ModelObject *self) {
    nn_error error;
    bool done;
    if (!refuse_while_running(self)) {
        return false;
    }
    self->running = true;
    Py_BEGIN_ALLOW_THREADS;
    done = nn_invoke(self->model, self->steps, &error);
    Py_END_ALLOW_THREADS;
    self->running = false;
    if (!done) {
        raise_error(&error);
    }
    return done;
}

static PyObject *model_invoke(ModelObject *self, PyObject *Py_UNUSED(ignored)) {
    return invoke(self) ? Py_NewRef(Py_None) : NULL;
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

static bool fill_input(ModelObject *self, uint32_t index, PyObject *source) {
    Py_buffer buffer;
    nn_tensor tensor = nn_input(self->model, index);
    if (PyObject_GetBuffer(source, &buffer, PyBUF_SIMPLE)) {
        return false;
    }
    bool fits = buffer.len == (Py_ssize_t)tensor.bytes;
    if (fits) {
        memmove(tensor.data, buffer.buf, tensor.bytes); // it may be the view of the input itself
    } else {
        PyErr_Format(PyExc_ValueError, "input %u has %zd bytes, the model needs %u", (unsigned)index, buffer.len,
                     (unsigned)tensor.bytes);
    }
    PyBuffer_Release(&buffer);
    return fits;
}

static bool fill_inputs(ModelObject *self, PyObject *inputs) {
    Py_ssize_t count = PySequence_Fast_GET_SIZE(inputs);
    if ((size_t)count != nn_inputs(self->model)) {
        PyErr_Format(PyExc_ValueError, "%zd inputs, the model needs %u", count, (unsigned)nn_inputs(self->model));
        return false;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!fill_input(self, (uint32_t)i, PySequence_Fast_GET_ITEM(inputs, i))) {
            return false;
        }
    }
    return true;
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
    PyObject *inputs = PySequence_Fast(argument, "inputs must be a list or tuple of buffers");
    if (inputs == NULL) {
        return NULL;
    }
    bool done = fill_inputs(self, inputs) && invoke(self);
    Py_DECREF(inputs);
    return done ? all_outputs(self) : NULL;
}

static PyMethodDef model_methods[] = {
    {"predict", (PyCFunction)model_predict, METH_O, "predict(inputs)\n--\n\nCopy inputs, run, copy outputs."},
    {"invoke", (PyCFunction)model_invoke, METH_NOARGS, "invoke()\n--\n\nRun once on the inputs in place."},
    {"input", (PyCFunction)model_input, METH_O, "input(index)\n--\n\nWritable view of an input."},
    {"output", (PyCFunction)model_output, METH_O, "output(index)\n--\n\nCopy of an output."},
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
