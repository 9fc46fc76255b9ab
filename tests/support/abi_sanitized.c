// SPDX-License-Identifier: Apache-2.0
// Drives the Canonical ABI under the sanitizers: abi_sanitized module.wasm descriptors
// `module` is the fixture typed.wasm; `descriptors` holds some of its function `give`, each behind two bytes with its
// length. Whatever is done to descriptors and to what the guest says, calls end in values, errors or traps.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wasm/canonical.h"

#define MEMORY 4096
#define RESULT 64

static long compiled, refused, values, traps;
static uint32_t seed = 1;

void *motet_heap_alloc(size_t size) {
    return malloc(size);
}

void *motet_heap_realloc(void *pointer, size_t size) {
    return realloc(pointer, size);
}

void motet_heap_free(void *pointer) {
    free(pointer);
}

char *motet_wasm_stack_floor(void) {
    return (char *)__builtin_frame_address(0) - 256 * 1024;
}

static const char *host(struct motet_wasm *instance, const struct motet_wasm_import *import, uint64_t *stack) {
    (void)instance;
    (void)import;
    (void)stack;
    return NULL;
}

// A sink that reads all it is given, so that the sanitizers see every byte.
static volatile uint64_t seen;

static bool sink_boolean(void *to, bool value) {
    (void)to;
    seen += value;
    return true;
}

static bool sink_integer(void *to, uint64_t value, bool is_signed) {
    (void)to;
    seen += value + is_signed;
    return true;
}

static bool sink_real(void *to, double value) {
    (void)to;
    seen += value > 0;
    return true;
}

static bool sink_text(void *to, const char *data, size_t length) {
    (void)to;
    for (size_t i = 0; i < length; i++) {
        seen += (uint8_t)data[i];
    }
    return true;
}

static bool sink_bytes(void *to, const uint8_t *data, size_t length) {
    return sink_text(to, (const char *)data, length);
}

static bool sink_nothing(void *to) {
    (void)to;
    return true;
}

static bool sink_begin(void *to, enum motet_abi_kind kind, size_t count) {
    (void)to;
    seen += kind + count;
    return true;
}

static bool sink_key(void *to, void *key) {
    (void)to;
    seen += (uintptr_t)key;
    return true;
}

static const struct motet_abi_binding binding = {
    .sink = {.boolean = sink_boolean,
             .integer = sink_integer,
             .real = sink_real,
             .text = sink_text,
             .bytes = sink_bytes,
             .null = sink_nothing,
             .begin = sink_begin,
             .key = sink_key,
             .word = sink_key,
             .end = sink_nothing},
    .run = motet_wasm_call,
};

static uint32_t chance(void) {
    return seed = seed * 1664525u + 1013904223u;
}

// What a result begins with is small numbers or addresses more often than noise.
static void scribble(struct motet_wasm *instance) {
    size_t length;
    uint8_t *memory = motet_wasm_memory(instance, &length);
    for (size_t at = RESULT; at + 4 <= 1024; at += 4) {
        uint32_t value = chance() >> 8;
        value = value % 4 == 0 ? chance() : value % 4 == 1 ? chance() % 4 : RESULT + chance() % 512 * 4;
        memcpy(memory + at, &value, sizeof value);
    }
}

static void call(struct motet_wasm *instance, const struct motet_abi_types *types) {
    struct motet_abi_guest guest = {.binding = &binding, .instance = instance, .types = types};
    guest.function = motet_abi_find(types, "give", 4);
    instance->fuel = 1000;
    if (guest.function == NULL || motet_abi_bind(&guest, "give", 4) != NULL) {
        return;
    }
    for (unsigned i = 0; i < 8; i++) {
        struct motet_abi_call one = {.guest = &guest};
        char text[64];
        static const motet_abi_value none[1];
        guest.json = i & 1;
        scribble(instance);
        const char *error = motet_abi_call(&one, none, 0);
        values += error == NULL;
        traps += error != NULL;
        if (error == motet_abi_mismatch) {
            motet_abi_explain(&one, text, sizeof text);
        }
    }
}

// Copies of exactly the right sizes, so that one byte too many is seen.
static void try(struct motet_wasm *instance, const uint8_t *data, size_t size) {
    struct motet_abi_types types = {0};
    uint8_t *copy = malloc(size);
    memcpy(copy, data, size);
    const char *error = motet_abi_measure(&types, copy, size);
    if (error == NULL) {
        types.types = calloc(types.type_count, sizeof *types.types);
        types.members = calloc(types.member_count, sizeof *types.members);
        types.functions = calloc(types.function_count, sizeof *types.functions);
        error = motet_abi_compile(&types, size);
    }
    compiled += error == NULL;
    refused += error != NULL;
    if (error == NULL) {
        call(instance, &types);
    }
    free(types.types);
    free(types.members);
    free(types.functions);
    free(copy);
}

static void damage(struct motet_wasm *instance, uint8_t *data, size_t size) {
    for (size_t length = 0; length <= size; length++) {
        try(instance, data, length);
    }
    for (size_t at = 0; at < size; at++) {
        uint8_t original = data[at];
        for (unsigned bit = 0; bit < 8; bit++) {
            data[at] = (uint8_t)(original ^ (1u << bit));
            try(instance, data, size);
        }
        data[at] = (uint8_t)chance();
        try(instance, data, size);
        data[at] = original;
    }
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
    static uint8_t code[1 << 14], data[1 << 18];
    struct motet_wasm instance = {0};
    if (argc != 3) {
        return 2;
    }
    size_t size = read_file(argv[1], code, sizeof code);
    if (motet_wasm_load(&instance, code, size, MEMORY, 1024, host) != NULL ||
        motet_wasm_link(&instance, "host", "ask", &instance) != NULL) {
        fprintf(stderr, "the guest does not load\n");
        return 2;
    }
    size_t end = read_file(argv[2], data, sizeof data);
    for (size_t at = 0; at + 2 <= end;) {
        size_t length = data[at] | (size_t)data[at + 1] << 8;
        damage(&instance, data + at + 2, length);
        at += 2 + length;
    }
    motet_wasm_unload(&instance);
    printf("%ld compiled, %ld refused, %ld values, %ld traps\n", compiled, refused, values, traps);
    return 0;
}
