// SPDX-License-Identifier: Apache-2.0
// What a Link shows of itself.
#include "frame.h"

static PyObject *get_current(Link *self, void *Py_UNUSED(closure)) {
    return PyLong_FromUnsignedLong(link_current(self->link));
}

static int set_current(Link *self, PyObject *value, void *Py_UNUSED(closure)) {
    uint32_t key;
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "current cannot be deleted");
        return -1;
    }
    if (!frame_time(value, &key)) {
        return -1;
    }
    link_set_current(self->link, key);
    return 0;
}

static PyObject *get_established(Link *self, void *Py_UNUSED(closure)) {
    return PyBool_FromLong(link_established(self->link));
}

static PyObject *get_resets(Link *self, void *Py_UNUSED(closure)) {
    return PyLong_FromUnsignedLong(link_resets(self->link));
}

static PyObject *get_limit(Link *self, void *Py_UNUSED(closure)) {
    return PyLong_FromUnsignedLong(link_limit(self->link));
}

static PyObject *get_stats(Link *self, void *Py_UNUSED(closure)) {
    const link_stats_t *stats = link_stats(self->link);
    return Py_BuildValue("{sIsIsIsIsIsIsIsI}", "frames_in", stats->frames_in, "frames_out", stats->frames_out,
                         "crc_errors", stats->crc_errors, "overruns", stats->overruns, "retransmits",
                         stats->retransmits, "dropped", stats->dropped, "logs_lost", stats->logs_lost,
                         "foreign_version", stats->foreign);
}

PyGetSetDef frame_link_properties[] = {
    {"current", (getter)get_current, (setter)set_current, NULL, NULL},
    {"established", (getter)get_established, NULL, NULL, NULL},
    {"resets", (getter)get_resets, NULL, NULL, NULL},
    {"limit", (getter)get_limit, NULL, NULL, NULL},
    {"stats", (getter)get_stats, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
