// SPDX-License-Identifier: Apache-2.0
// What can go wrong with a flash, on request: the power fails at any operation, sectors wear out.
#include "store.h"

#include <sys/mman.h>

// How an operation that is cut short leaves its bits.
enum { CUT_BEFORE, CUT_FIRST, CUT_SECOND, CUT_RANDOM, CUT_AFTER };
static const char *const hows[] = {"before", "first", "second", "random", "after"};

static int sync_file(struct motet_flash *flash) {
    const FlashObject *self = (const FlashObject *)((char *)flash - offsetof(FlashObject, flash));
    return self->file < 0 ? 0 : msync(self->memory, flash->size, MS_SYNC);
}

static uint32_t next_random(FlashObject *self) {
    self->random ^= self->random << 13;
    self->random ^= self->random >> 17;
    self->random ^= self->random << 5;
    return self->random;
}

// Whether bytes of an operation that is cut short get their new value: each bit, for "random".
static uint8_t reached(FlashObject *self, uint32_t index, uint32_t length, int how) {
    switch (how) {
    case CUT_FIRST:
        return index < length / 2 ? 0xFF : 0;
    case CUT_SECOND:
        return index < length / 2 ? 0 : 0xFF;
    case CUT_RANDOM:
        return (uint8_t)(next_random(self) >> 8);
    default:
        return how == CUT_AFTER ? 0xFF : 0;
    }
}

// Counts an operation -> how far it gets; the power is gone after less than all of it.
static int take_step(FlashObject *self) {
    int how = CUT_AFTER + 1;
    if (self->cut.armed && self->operations == self->cut.at) {
        how = self->cut.how;
        self->dead = true;
    }
    self->operations++;
    return how;
}

static void set_bits(uint8_t *byte, uint8_t value, uint8_t mask) {
    *byte = (uint8_t)((*byte & ~mask) | (value & mask));
}

static int erase(struct motet_flash *flash, uint32_t at, uint32_t length) {
    FlashObject *self = (FlashObject *)((char *)flash - offsetof(FlashObject, flash));
    if (self->dead) {
        return -1;
    }
    int how = take_step(self);
    for (uint32_t i = at / flash->erase; i < (at + length) / flash->erase; i++) {
        self->erases[i]++;
        if (self->worn[i] == WEAR_ERASE) {
            // A cell that stays programmed; the part itself notices nothing.
            self->memory[i * flash->erase + 7] = 0x10;
            return 0;
        }
    }
    for (uint32_t i = 0; i < length; i++) {
        set_bits(self->memory + at + i, 0xFF, how > CUT_AFTER ? 0xFF : reached(self, i, length, how));
    }
    return self->dead ? -1 : 0;
}

static int program(struct motet_flash *flash, uint32_t at, const uint8_t *data, uint32_t length) {
    FlashObject *self = (FlashObject *)((char *)flash - offsetof(FlashObject, flash));
    for (uint32_t unit = 0; unit < length && !self->dead; unit += flash->program) {
        int how = take_step(self);
        uint8_t *to = self->memory + at + unit;
        bool worn = self->worn[(at + unit) / flash->erase] == WEAR_PROGRAM;
        for (uint32_t i = 0; i < flash->program; i++) {
            uint8_t mask = how > CUT_AFTER ? 0xFF : reached(self, i, flash->program, how);
            set_bits(to + i, (uint8_t)(to[i] & data[unit + i]), worn && i == 0 ? 0 : mask);
        }
    }
    return self->dead ? -1 : 0;
}

void store_flash_connect(FlashObject *self) {
    self->flash.do_erase = erase;
    self->flash.do_program = program;
    self->flash.do_sync = sync_file;
    self->random = 2463534242u;
}

static PyObject *flash_cut(FlashObject *self, PyObject *args) {
    unsigned long long at;
    const char *how;
    unsigned int seed = 1;
    if (!PyArg_ParseTuple(args, "Ks|I:cut", &at, &how, &seed)) {
        return NULL;
    }
    for (int i = CUT_BEFORE; i <= CUT_AFTER; i++) {
        if (strcmp(hows[i], how) == 0) {
            self->cut = (struct store_cut){true, self->operations + at, i};
            self->random = seed * 2654435761u | 1;
            Py_RETURN_NONE;
        }
    }
    return PyErr_Format(PyExc_ValueError, "how: expected before, first, second, random or after, got %s", how);
}

static PyObject *flash_power_on(FlashObject *self, PyObject *Py_UNUSED(ignored)) {
    self->dead = false;
    self->cut.armed = false;
    Py_RETURN_NONE;
}

static PyObject *flash_wear_out(FlashObject *self, PyObject *args) {
    unsigned int at;
    const char *what;
    if (!PyArg_ParseTuple(args, "Is:wear_out", &at, &what)) {
        return NULL;
    }
    if (at >= self->flash.size || (strcmp(what, "erase") != 0 && strcmp(what, "program") != 0)) {
        PyErr_SetString(PyExc_ValueError, "expected an offset in the flash, and \"erase\" or \"program\"");
        return NULL;
    }
    self->worn[at / self->flash.erase] = what[0] == 'e' ? WEAR_ERASE : WEAR_PROGRAM;
    Py_RETURN_NONE;
}

static PyObject *flash_erases(FlashObject *self, PyObject *Py_UNUSED(ignored)) {
    uint32_t count = self->flash.size / self->flash.erase;
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (uint32_t i = 0; list != NULL && i < count; i++) {
        PyObject *number = PyLong_FromUnsignedLong(self->erases[i]);
        if (number == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SET_ITEM(list, (Py_ssize_t)i, number);
        }
    }
    return list;
}

static PyObject *flash_load(FlashObject *self, PyObject *bytes) {
    Py_buffer data;
    if (PyObject_GetBuffer(bytes, &data, PyBUF_SIMPLE)) {
        return NULL;
    }
    bool fits = data.len == (Py_ssize_t)self->flash.size;
    if (fits) {
        memcpy(self->memory, data.buf, self->flash.size);
    }
    PyBuffer_Release(&data);
    if (!fits) {
        return PyErr_Format(PyExc_ValueError, "expected the %u bytes of the flash", self->flash.size);
    }
    Py_RETURN_NONE;
}

PyMethodDef store_flash_methods[] = {
    {"cut", (PyCFunction)flash_cut, METH_VARARGS, NULL},
    {"power_on", (PyCFunction)flash_power_on, METH_NOARGS, NULL},
    {"wear_out", (PyCFunction)flash_wear_out, METH_VARARGS, NULL},
    {"erases", (PyCFunction)flash_erases, METH_NOARGS, NULL},
    {"load", (PyCFunction)flash_load, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
