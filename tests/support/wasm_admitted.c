// SPDX-License-Identifier: Apache-2.0
// Calls every export of the modules named on the command line, for a build with sanitizers. Prints a name before its
// module is touched, so that the last line names the culprit.
#include <stdio.h>
#include <stdlib.h>

#include "wasm/engine.h"

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
    stack[0] = 0;
    return NULL;
}

static void call(struct motet_wasm *instance, const struct motet_wasm_export *export, uint64_t value) {
    struct motet_wasm_function function;
    instance->fuel = 5000;
    if (motet_wasm_find(instance, export->name, export->length, &function) != NULL) {
        return;
    }
    uint64_t *frame = motet_wasm_frame(instance, &function);
    if (frame != NULL) {
        for (unsigned i = 0; i < function.signature.results + function.signature.arguments; i++) {
            frame[i] = value;
        }
        motet_wasm_call(instance, &function);
    }
}

static void use(const uint8_t *code, size_t size, uint64_t value) {
    struct motet_wasm instance = {0};
    if (motet_wasm_load(&instance, code, size, 1 << 20, 4096, host) != NULL) {
        return;
    }
    for (uint32_t i = 0; i < instance.import_count; i++) {
        motet_wasm_link(&instance, instance.imports[i].module, instance.imports[i].name, &instance);
    }
    struct motet_wasm_export export = {0};
    while (motet_wasm_next_export(&instance, &export)) {
        call(&instance, &export, value);
    }
    motet_wasm_unload(&instance);
}

int main(int argc, char **argv) {
    static const uint64_t values[] = {0, 1, 7, 0xffffffffffffffff, 0x3ff8000000000000, 0x80000000};
    static uint8_t code[1 << 17];
    for (int i = 1; i < argc; i++) {
        puts(argv[i]);
        fflush(stdout);
        FILE *file = fopen(argv[i], "rb");
        size_t size = file == NULL ? 0 : fread(code, 1, sizeof code, file);
        if (file != NULL) {
            fclose(file);
        }
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            use(code, size, values[v]);
        }
    }
    return 0;
}
