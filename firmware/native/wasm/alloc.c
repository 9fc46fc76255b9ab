// SPDX-License-Identifier: Apache-2.0
#include "alloc.h"

#include "private.h"

#include <stdint.h>
#include <string.h>

static void chain(struct motet_wasm_block **head, struct motet_wasm_block *block) {
    block->next = *head;
    block->link = head;
    if (block->next != NULL) {
        block->next->link = &block->next;
    }
    *head = block;
}

static void unchain(struct motet_wasm_block *block) {
    *block->link = block->next;
    if (block->next != NULL) {
        block->next->link = block->link;
    }
}

static size_t with_header(size_t size) {
    if (size > SIZE_MAX - sizeof(struct motet_wasm_block)) {
        motet_wasm_out_of_memory();
    }
    return size + sizeof(struct motet_wasm_block);
}

void *motet_wasm_calloc(size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) {
        motet_wasm_out_of_memory();
    }
    size_t bytes = with_header(count * size);
    struct motet_wasm_block *block = motet_heap_alloc(bytes);
    if (block == NULL) {
        motet_wasm_out_of_memory();
    }
    memset(block, 0, bytes);
    chain(&motet_wasm_running->blocks, block);
    return block + 1;
}

// Only memory.grow may be told that there is no more: it answers -1 and the module goes on.
static bool may_fail(const void *pointer) {
    const struct M3Runtime *runtime = motet_wasm_running->runtime;
    return runtime != NULL && pointer == runtime->memory.mallocated;
}

void *motet_wasm_realloc(void *pointer, size_t size) {
    if (pointer == NULL) {
        return motet_wasm_calloc(size, 1);
    }
    size_t bytes = with_header(size);
    struct motet_wasm_block *block = (struct motet_wasm_block *)pointer - 1;
    // The block may move, so nothing may point to it meanwhile; an allocation that fails leaves it where it
    // was.
    struct motet_wasm_block **head = block->link;
    unchain(block);
    struct motet_wasm_block *moved = motet_heap_realloc(block, bytes);
    chain(head, moved != NULL ? moved : block);
    if (moved == NULL && !may_fail(pointer)) {
        motet_wasm_out_of_memory();
    }
    return moved == NULL ? NULL : moved + 1;
}

void motet_wasm_free(void *pointer) {
    if (pointer != NULL) {
        struct motet_wasm_block *block = (struct motet_wasm_block *)pointer - 1;
        unchain(block);
        motet_heap_free(block);
    }
}

void motet_wasm_free_chain(struct motet_wasm_block **head) {
    while (*head != NULL) {
        struct motet_wasm_block *block = *head;
        *head = block->next;
        motet_heap_free(block);
    }
}
