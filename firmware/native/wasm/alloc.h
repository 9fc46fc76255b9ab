// SPDX-License-Identifier: Apache-2.0
// Memory of wasm instances. Every block wasm3 asks for is chained to the instance it was asked for, so that
// unloading frees exactly what is left, whatever state wasm3 was in. On MicroPython the chain also is what
// keeps the blocks alive: the garbage collector does not follow pointers to the inside of a block, which is
// all that wasm3 holds.
#ifndef MOTET_WASM_ALLOC_H
#define MOTET_WASM_ALLOC_H

#include <stddef.h>

struct motet_wasm_block {
    struct motet_wasm_block *next;
    struct motet_wasm_block **link; // what points to this block: the chain's head, or the `next` of another block
};

// What wasm3's calloc, realloc and free are compiled to. They work for the instance that motet_wasm_enter()
// made the running one and do not return when memory is exhausted: wasm3 does not survive a failed allocation
// everywhere.
void *motet_wasm_calloc(size_t count, size_t size);
void *motet_wasm_realloc(void *pointer, size_t size);
void motet_wasm_free(void *pointer);

void motet_wasm_free_chain(struct motet_wasm_block **chain);

// The heap beneath, given by the binding: as malloc, realloc and free.
void *motet_heap_alloc(size_t size);
void *motet_heap_realloc(void *pointer, size_t size);
void motet_heap_free(void *pointer);

#endif
