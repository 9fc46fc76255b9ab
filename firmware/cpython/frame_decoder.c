// SPDX-License-Identifier: Apache-2.0
// The Decoder type of motet_native.frame.
#include "frame.h"

#include <structmember.h>

#include "frame/cobs.h"
#include "frame/crc32.h"

typedef struct {
    PyObject_HEAD cobs_decoder_t decoder;
    unsigned int errors, overruns;
} Decoder;

static PyObject *decoder_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"limit", NULL};
    Py_ssize_t limit = 1024;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|n:Decoder", names, &limit)) {
        return NULL;
    }
    if (limit < 0 || limit > 1 << 24) {
        return PyErr_Format(PyExc_ValueError, "limit must be 0 to 16777216 bytes, not %zd", limit);
    }
    Decoder *self = (Decoder *)type->tp_alloc(type, 0);
    size_t size = (size_t)limit + FRAME_CRC_LENGTH;
    uint8_t *buffer = self == NULL ? NULL : PyMem_Malloc(size);
    if (buffer == NULL) {
        Py_XDECREF(self);
        return PyErr_NoMemory();
    }
    cobs_decoder_init(&self->decoder, buffer, (uint32_t)size);
    return (PyObject *)self;
}

static void decoder_dealloc(Decoder *self) {
    PyMem_Free(self->decoder.buffer);
    Py_TYPE(self)->tp_free(self);
}

static int add_frame(Decoder *self, PyObject *list) {
    const cobs_decoder_t *decoder = &self->decoder;
    if (!frame_intact(decoder->buffer, decoder->frame_length, 0)) {
        self->errors++;
        return 0;
    }
    PyObject *payload =
        PyBytes_FromStringAndSize((const char *)decoder->buffer, decoder->frame_length - FRAME_CRC_LENGTH);
    int failed = payload == NULL ? -1 : PyList_Append(list, payload);
    Py_XDECREF(payload);
    return failed;
}

static int take_byte(Decoder *self, PyObject *list, uint8_t byte) {
    cobs_event_t event = cobs_decode(&self->decoder, byte);
    self->errors += event == COBS_BROKEN;
    self->overruns += event == COBS_OVERRUN;
    return event == COBS_FRAME ? add_frame(self, list) : 0;
}

static PyObject *decoder_feed(Decoder *self, PyObject *bytes) {
    Py_buffer data;
    if (PyObject_GetBuffer(bytes, &data, PyBUF_SIMPLE)) {
        return NULL;
    }
    PyObject *list = PyList_New(0);
    for (Py_ssize_t i = 0; list != NULL && i < data.len; i++) {
        if (take_byte(self, list, ((const uint8_t *)data.buf)[i])) {
            Py_CLEAR(list);
        }
    }
    PyBuffer_Release(&data);
    return list;
}

static PyMethodDef methods[] = {
    {"feed", (PyCFunction)decoder_feed, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyMemberDef members[] = {
    {"errors", T_UINT, offsetof(Decoder, errors), READONLY, NULL},
    {"overruns", T_UINT, offsetof(Decoder, overruns), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject frame_decoder_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "motet_native.frame.Decoder",
    .tp_basicsize = sizeof(Decoder),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = decoder_new,
    .tp_dealloc = (destructor)decoder_dealloc,
    .tp_methods = methods,
    .tp_members = members,
};
