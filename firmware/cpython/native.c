// SPDX-License-Identifier: Apache-2.0
// motet_native._native: gathers the parts and the cancel flag they share.
#include "native.h"

#include "cancel.h"

bool motet_hold(PyObject *object, Py_buffer *held) {
    if (PyObject_GetBuffer(object, held, PyBUF_SIMPLE)) {
        return false;
    }
    PyObject *base = PyMemoryView_Check(object) ? PyMemoryView_GET_BASE(object) : NULL;
    if (base == NULL) {
        return true;
    }
    Py_buffer view = *held;
    if (PyObject_GetBuffer(base, held, PyBUF_SIMPLE)) {
        PyBuffer_Release(&view);
        return false;
    }
    held->buf = view.buf;
    held->len = view.len;
    PyBuffer_Release(&view);
    return true;
}

static PyObject *cancel(PyObject *Py_UNUSED(module), PyObject *args) {
    int flag = 1;
    if (!PyArg_ParseTuple(args, "|p:cancel", &flag)) {
        return NULL;
    }
    motet_cancelled = (uint8_t)flag;
    Py_RETURN_NONE;
}

static PyObject *cancel_pending(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored)) {
    return PyBool_FromLong(motet_cancel_pending());
}

static PyMethodDef functions[] = {
    {"cancel", cancel, METH_VARARGS, "cancel(flag=True)\n--\n\nRaise or clear the cancel flag."},
    {"cancel_pending", cancel_pending, METH_NOARGS, "cancel_pending()\n--\n\nTrue while the cancel flag is raised."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "motet_native._native",
    .m_doc = "WebAssembly, neural networks, framing and signatures in C.",
    .m_size = -1,
    .m_methods = functions,
};

// Steals the reference to `part`.
static int add(PyObject *module, const char *name, PyObject *part) {
    if (part == NULL) {
        return -1;
    }
    int failed = PyModule_AddObjectRef(module, name, part);
    Py_DECREF(part);
    return failed;
}

static int add_parts(PyObject *module) {
    int failed = add(module, "wasm", motet_wasm_module()) || add(module, "nn", motet_nn_module()) ||
                 add(module, "frame", motet_frame_module()) || add(module, "crypto", motet_crypto_module()) ||
                 add(module, "store", motet_store_module());
    return failed ? -1 : 0;
}

PyMODINIT_FUNC PyInit__native(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && add_parts(module)) {
        Py_CLEAR(module);
    }
    return module;
}
