// SPDX-License-Identifier: Apache-2.0
// motet_native.store on CPython: what its files share. The GIL is what keeps two uses of a store apart.
#ifndef MOTET_CPYTHON_STORE_H
#define MOTET_CPYTHON_STORE_H

#include "native.h"

#include <stddef.h>

#include "store/store.h"

// Where and how the power fails.
struct store_cut {
    bool armed;
    uint64_t at; // how-manieth operation from power-on
    int how;
};

typedef struct {
    PyObject_HEAD struct motet_flash flash;
    struct store_layout layout;
    uint8_t *memory;
    int file; // descriptor, -1: memory only
    bool dead;
    struct store_cut cut;
    uint64_t operations;
    uint32_t random;
    uint32_t *erases; // by smallest sector
    uint8_t *worn;    // by smallest sector: flash_wear
} FlashObject;

enum flash_wear { WEAR_NONE, WEAR_ERASE, WEAR_PROGRAM };

extern PyTypeObject store_flash_type, store_store_type;
extern PyObject *store_error;
extern PyMethodDef store_flash_methods[];

// The operations of a Flash object: those of plain memory, with power cuts and worn-out sectors.
void store_flash_connect(FlashObject *self);

// Raises what a store_result means; returns NULL.
PyObject *store_raise(int result, const FlashObject *flash);
bool store_text_from(PyObject *object, struct store_text *text);

#endif
