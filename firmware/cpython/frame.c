// SPDX-License-Identifier: Apache-2.0
// motet_native.frame on CPython: the module and its functions.
#include "frame.h"

#include <string.h>

#include "frame/cobs.h"
#include "frame/crc32.h"

static PyObject *crc32(PyObject *Py_UNUSED(module), PyObject *args, PyObject *kwargs) {
    static char *names[] = {"data", "seed", NULL};
    Py_buffer data;
    unsigned long seed = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "y*|k:crc32", names, &data, &seed)) {
        return NULL;
    }
    uint32_t crc = frame_crc32((uint32_t)seed, data.buf, (size_t)data.len);
    PyBuffer_Release(&data);
    return PyLong_FromUnsignedLong(crc);
}

static PyObject *encode(PyObject *Py_UNUSED(module), PyObject *payload) {
    Py_buffer data;
    if (PyObject_GetBuffer(payload, &data, PyBUF_SIMPLE)) {
        return NULL;
    }
    size_t sealed = (size_t)data.len + FRAME_CRC_LENGTH;
    size_t size = COBS_ENCODED_SIZE(sealed);
    uint8_t *body = PyMem_Malloc(sealed);
    PyObject *frame = body == NULL ? PyErr_NoMemory() : PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (frame != NULL) {
        cobs_encoder_t encoder;
        memcpy(body, data.buf, (size_t)data.len);
        frame_seal(body, (size_t)data.len, 0);
        cobs_encode(&encoder, body, sealed, false);
        size = cobs_read(&encoder, (uint8_t *)PyBytes_AS_STRING(frame), size);
        _PyBytes_Resize(&frame, (Py_ssize_t)size);
    }
    PyMem_Free(body);
    PyBuffer_Release(&data);
    return frame;
}

int frame_time(PyObject *object, void *now_ms) {
    unsigned long value = PyLong_AsUnsignedLongMask(object);
    if (value == (unsigned long)-1 && PyErr_Occurred()) {
        return 0;
    }
    *(uint32_t *)now_ms = (uint32_t)value;
    return 1;
}

static PyMethodDef functions[] = {
    {"crc32", (PyCFunction)(void (*)(void))crc32, METH_VARARGS | METH_KEYWORDS, NULL},
    {"encode", encode, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "motet_native.frame", .m_doc = "Frames and the reliable link over a byte stream.",
    .m_size = -1,          .m_methods = functions,
};

PyObject *motet_frame_module(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL &&
        (PyModule_AddType(module, &frame_decoder_type) || PyModule_AddType(module, &frame_link_type))) {
        Py_CLEAR(module);
    }
    return module;
}
