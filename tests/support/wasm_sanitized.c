// SPDX-License-Identifier: Apache-2.0
// Drives the wasm engine under the sanitizers: wasm_sanitized (truncate|mutate|starve) module.wasm...
// Each way of damaging a module or the memory must end in an error or a trap and leave nothing allocated.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wasm/engine.h"

static long allocations, allowed = -1, live;
static long tried, loaded;

void *motet_heap_alloc(size_t size) {
    if (allowed >= 0 && allocations++ >= allowed) {
        return NULL;
    }
    live++;
    return malloc(size);
}

void *motet_heap_realloc(void *pointer, size_t size) {
    return allowed >= 0 && allocations++ >= allowed ? NULL : realloc(pointer, size);
}

void motet_heap_free(void *pointer) {
    live -= pointer != NULL;
    free(pointer);
}

char *motet_wasm_stack_floor(void) {
    return (char *)__builtin_frame_address(0) - 256 * 1024;
}

static const char *host(struct motet_wasm *instance, const struct motet_wasm_import *import, uint64_t *stack) {
    (void)instance;
    stack[0] = import->signature.arguments;
    return NULL;
}

static void call(struct motet_wasm *instance, const struct motet_wasm_export *export) {
    struct motet_wasm_function function;
    char text[MOTET_WASM_SIGNATURE_TEXT];
    instance->fuel = 2000;
    motet_wasm_signature_text(motet_wasm_export_signature(instance, export), text);
    if (motet_wasm_find(instance, export->name, export->length, &function) != NULL) {
        return;
    }
    uint64_t *frame = motet_wasm_frame(instance, &function);
    if (frame != NULL) {
        for (unsigned i = 0; i < function.signature.results + function.signature.arguments; i++) {
            frame[i] = 1;
        }
        motet_wasm_call(instance, &function);
    }
}

static void use(struct motet_wasm *instance) {
    for (uint32_t i = 0; i < instance->import_count; i++) {
        motet_wasm_link(instance, instance->imports[i].module, instance->imports[i].name, instance);
    }
    struct motet_wasm_export export = {0};
    while (motet_wasm_next_export(instance, &export)) {
        call(instance, &export);
    }
}

// Loads a copy of exactly `size` bytes, so that reading one too many is seen.
static void try(const uint8_t *code, size_t size) {
    struct motet_wasm instance = {0};
    uint8_t *copy = malloc(size);
    memcpy(copy, code, size);
    // Calls meet the end of the stack in another place each time.
    uint32_t stack = 2048 + 8 * (uint32_t)(tried % 64);
    const char *error = motet_wasm_load(&instance, copy, size, 4096, stack, host);
    tried++;
    if (error == NULL) {
        loaded++;
        use(&instance);
        motet_wasm_unload(&instance);
    }
    free(copy);
    if (live != 0) {
        fprintf(stderr, "%ld blocks left after %zu bytes\n", live, size);
        exit(1);
    }
}

static void truncate_module(const uint8_t *code, size_t size) {
    for (size_t length = 0; length <= size; length++) {
        try(code, length);
    }
}

// Every byte with each of its bits flipped, and with the extremes of a LEB128 digit.
static void mutate(uint8_t *code, size_t size) {
    static const uint8_t extremes[] = {0x00, 0x7f, 0x80, 0xff};
    for (size_t at = 0; at < size; at++) {
        uint8_t original = code[at];
        for (unsigned bit = 0; bit < 8; bit++) {
            code[at] = (uint8_t)(original ^ (1u << bit));
            try(code, size);
        }
        for (size_t i = 0; i < sizeof extremes; i++) {
            code[at] = extremes[i];
            try(code, size);
        }
        code[at] = original;
    }
}

// Every allocation of loading and running fails once.
static void starve(const uint8_t *code, size_t size) {
    for (allowed = 0; allocations = 0, try(code, size), allocations > allowed; allowed++) {
    }
    allowed = -1;
}

static size_t read_file(const char *path, uint8_t *buffer, size_t room) {
    FILE *file = fopen(path, "rb");
    size_t size = file == NULL ? 0 : fread(buffer, 1, room, file);
    if (size == 0 || size == room) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(2);
    }
    fclose(file);
    return size;
}

int main(int argc, char **argv) {
    static uint8_t code[1 << 16];
    for (int i = 2; i < argc; i++) {
        size_t size = read_file(argv[i], code, sizeof code);
        if (strcmp(argv[1], "truncate") == 0) {
            truncate_module(code, size);
        } else if (strcmp(argv[1], "starve") == 0) {
            starve(code, size);
        } else {
            mutate(code, size);
        }
    }
    printf("%ld tried, %ld loaded\n", tried, loaded);
    return 0;
}
