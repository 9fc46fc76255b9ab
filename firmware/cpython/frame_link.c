// SPDX-License-Identifier: Apache-2.0
// The Link type of motet_native.frame: its life, the wire's side and the messages.
#include "frame.h"

#define OUTPUT_ROOM 4096

// 0 with an exception set when the system has no random numbers.
static uint32_t random_epoch(void) {
    uint32_t epoch = 0;
    PyObject *os = PyImport_ImportModule("os");
    while (os != NULL && epoch == 0) {
        PyObject *bytes = PyObject_CallMethod(os, "urandom", "i", (int)sizeof epoch);
        if (bytes == NULL) {
            break;
        }
        memcpy(&epoch, PyBytes_AS_STRING(bytes), sizeof epoch);
        Py_DECREF(bytes);
    }
    Py_XDECREF(os);
    return epoch;
}

static uint32_t chosen_epoch(PyObject *object) {
    if (object == Py_None) {
        return random_epoch();
    }
    int overflow;
    long long epoch = PyLong_AsLongLongAndOverflow(object, &overflow);
    if (!PyErr_Occurred() && (overflow || epoch < 1 || epoch > UINT32_MAX)) {
        PyErr_Format(PyExc_ValueError, "epoch must be 1 to 4294967295, not %S", object);
    }
    return PyErr_Occurred() ? 0 : (uint32_t)epoch;
}

// What has no 32 bits becomes 0, which is out of range everywhere.
static uint32_t narrow(Py_ssize_t value) {
    return value < 0 || value > UINT32_MAX ? 0 : (uint32_t)value;
}

static PyObject *link_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
    static char *names[] = {"mtu", "window", "epoch", NULL};
    Py_ssize_t mtu = 512, window = 4;
    PyObject *epoch_object = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|nnO:Link", names, &mtu, &window, &epoch_object)) {
        return NULL;
    }
    size_t size = link_size(narrow(mtu), narrow(window));
    if (size == 0) {
        return PyErr_Format(PyExc_ValueError, "mtu must be %d to %d and window 1 to %d, not %zd and %zd", LINK_MTU_MIN,
                            LINK_MTU_MAX, LINK_WINDOW_MAX, mtu, window);
    }
    uint32_t epoch = chosen_epoch(epoch_object);
    Link *self = epoch == 0 ? NULL : (Link *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    void *memory = PyMem_Malloc(size);
    if (memory == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    self->link = link_init(memory, (uint32_t)mtu, (uint32_t)window, epoch);
    return (PyObject *)self;
}

static void link_dealloc(Link *self) {
    PyMem_Free(self->link);
    Py_TYPE(self)->tp_free(self);
}

static PyObject *feed(Link *self, PyObject *args) {
    Py_buffer data;
    uint32_t now;
    if (!PyArg_ParseTuple(args, "y*O&:feed", &data, frame_time, &now)) {
        return NULL;
    }
    link_feed(self->link, data.buf, (size_t)data.len, now);
    PyBuffer_Release(&data);
    Py_RETURN_NONE;
}

static PyObject *output(Link *self, PyObject *args) {
    uint32_t now;
    Py_ssize_t room = OUTPUT_ROOM;
    if (!PyArg_ParseTuple(args, "O&|n:output", frame_time, &now, &room)) {
        return NULL;
    }
    if (room < 1) {
        return PyErr_Format(PyExc_ValueError, "room must be at least 1, not %zd", room);
    }
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, room);
    if (bytes != NULL) {
        size_t length = link_output(self->link, (uint8_t *)PyBytes_AS_STRING(bytes), (size_t)room, now);
        _PyBytes_Resize(&bytes, (Py_ssize_t)length);
    }
    return bytes;
}

static PyObject *send_result(Link *self, link_send_t result, Py_ssize_t length) {
    if (result == LINK_TOO_LONG) {
        return PyErr_Format(PyExc_ValueError, "a message of %zd bytes is longer than the link's limit of %u", length,
                            link_longest(self->link));
    }
    return PyBool_FromLong(result == LINK_SENT);
}

static PyObject *send(Link *self, PyObject *args) {
    int channel;
    Py_buffer data;
    if (!PyArg_ParseTuple(args, "iy*:send", &channel, &data)) {
        return NULL;
    }
    PyObject *result;
    if (channel < 0 || channel > LINK_CHANNEL_MAX) {
        result = PyErr_Format(PyExc_ValueError, "channel must be 0 to %d, not %d", LINK_CHANNEL_MAX, channel);
    } else {
        result = send_result(self, link_send(self->link, (uint8_t)channel, data.buf, (size_t)data.len), data.len);
    }
    PyBuffer_Release(&data);
    return result;
}

static PyObject *recv(Link *self, PyObject *Py_UNUSED(ignored)) {
    uint8_t channel;
    link_take_change(self->link);
    int32_t length = link_recv(self->link, &channel, NULL, 0);
    if (length < 0) {
        Py_RETURN_NONE;
    }
    PyObject *data = PyBytes_FromStringAndSize(NULL, length);
    if (data != NULL && length > 0) {
        link_recv(self->link, &channel, PyBytes_AS_STRING(data), (size_t)length);
    }
    return data == NULL ? NULL : Py_BuildValue("(iN)", channel, data);
}

static PyObject *log_text(Link *self, PyObject *text) {
    Py_ssize_t length;
    const char *utf8 = PyUnicode_AsUTF8AndSize(text, &length);
    return utf8 == NULL ? NULL : PyBool_FromLong(link_log(self->link, utf8, (size_t)length));
}

static PyObject *take_logs(Link *self, PyObject *Py_UNUSED(ignored)) {
    PyObject *list = PyList_New(0);
    int32_t length;
    char text[LINK_LOG_MAX];
    while (list != NULL && (length = link_recv_log(self->link, text, sizeof text)) >= 0) {
        PyObject *item = PyUnicode_DecodeUTF8(text, length, "replace");
        if (item == NULL || PyList_Append(list, item)) {
            Py_CLEAR(list);
        }
        Py_XDECREF(item);
    }
    return list;
}

static PyObject *cancel(Link *self, PyObject *key) {
    uint32_t value;
    return frame_time(key, &value) ? PyBool_FromLong(link_cancel(self->link, value)) : NULL;
}

static PyObject *room(Link *self, PyObject *Py_UNUSED(ignored)) {
    return PyLong_FromUnsignedLong(link_room(self->link));
}

static PyObject *timer(Link *self, PyObject *now_ms) {
    uint32_t now;
    return frame_time(now_ms, &now) ? PyLong_FromUnsignedLong(link_next_timer(self->link, now)) : NULL;
}

static PyObject *quiet(Link *self, PyObject *now_ms) {
    uint32_t now;
    return frame_time(now_ms, &now) ? PyLong_FromUnsignedLong(link_quiet(self->link, now)) : NULL;
}

static PyObject *probe(Link *self, PyObject *Py_UNUSED(ignored)) {
    link_probe(self->link);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"feed", (PyCFunction)feed, METH_VARARGS, NULL},  {"output", (PyCFunction)output, METH_VARARGS, NULL},
    {"send", (PyCFunction)send, METH_VARARGS, NULL},  {"recv", (PyCFunction)recv, METH_NOARGS, NULL},
    {"log", (PyCFunction)log_text, METH_O, NULL},     {"take_logs", (PyCFunction)take_logs, METH_NOARGS, NULL},
    {"cancel", (PyCFunction)cancel, METH_O, NULL},    {"room", (PyCFunction)room, METH_NOARGS, NULL},
    {"timer", (PyCFunction)timer, METH_O, NULL},      {"quiet", (PyCFunction)quiet, METH_O, NULL},
    {"probe", (PyCFunction)probe, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL},
};

PyTypeObject frame_link_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "motet_native.frame.Link",
    .tp_basicsize = sizeof(Link),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_new = link_new,
    .tp_dealloc = (destructor)link_dealloc,
    .tp_methods = methods,
    .tp_getset = frame_link_properties,
};
