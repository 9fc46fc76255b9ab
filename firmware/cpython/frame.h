// SPDX-License-Identifier: Apache-2.0
// motet_native.frame on CPython: what its files share. The GIL is what keeps two uses of a link apart.
#ifndef MOTET_CPYTHON_FRAME_H
#define MOTET_CPYTHON_FRAME_H

#include "native.h"

#include "frame/link.h"

typedef struct {
    PyObject_HEAD link_t *link;
} Link;

extern PyTypeObject frame_decoder_type, frame_link_type;
extern PyGetSetDef frame_link_properties[];

// Takes an int of any size as a time in milliseconds modulo 2^32; false with an exception set for anything
// else.
int frame_time(PyObject *object, void *now_ms);

#endif
