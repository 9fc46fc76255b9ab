// SPDX-License-Identifier: Apache-2.0
// Drives messages from guest to guest under the sanitizers: message_sanitized peer.wasm descriptor rounds
// Both guests are the fixture peer.wasm, which send and answer with whatever addresses they are told; what is there is
// noise.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wasm/message.h"

#define IMPORT "motet:device/messaging@0.1.0"
#define MOST   1024

static long answered, refused, lost, faults, left;
static uint32_t seed = 1;

struct peer {
    struct motet_wasm engine;
    struct motet_abi_guest call, handle;
    struct motet_wasm_function raw, behave;
};

static struct peer sender, receiver;
static struct motet_abi_types types;
static uint8_t *code;
static size_t size;
static bool is_lost;
static volatile uint32_t seen;

void *motet_heap_alloc(size_t bytes) {
    return malloc(bytes);
}

void *motet_heap_realloc(void *pointer, size_t bytes) {
    return realloc(pointer, bytes);
}

void motet_heap_free(void *pointer) {
    free(pointer);
}

char *motet_wasm_stack_floor(void) {
    return (char *)__builtin_frame_address(0) - 256 * 1024;
}

static const struct motet_abi_binding binding = {.run = motet_wasm_call};

static uint32_t chance(uint32_t below) {
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static const char *host(struct motet_wasm *engine, const struct motet_wasm_import *import, uint64_t *stack) {
    (void)import;
    // A receiver that calls back is refused by its host.
    struct motet_wasm_message message = {&sender.call, &receiver.handle, "sender", 6, 60, 0, 0, 0, 0, 0};
    const char *error, *fault;
    if (engine != &sender.engine || !motet_wasm_message_read(&message, stack) || message.length > MOST ||
        !motet_wasm_message_fits(&message)) {
        left++;
        return NULL;
    }
    for (uint32_t i = 0; i < message.to_length; i++) {
        seen += (uint8_t)motet_wasm_message_to(&message)[i];
    }
    enum motet_wasm_delivery delivery = motet_wasm_deliver(&message, &error, &fault);
    answered += delivery == MOTET_WASM_ANSWERED && fault == NULL;
    refused += delivery == MOTET_WASM_REFUSED;
    lost += delivery == MOTET_WASM_LOST;
    faults += fault != NULL;
    is_lost = is_lost || delivery == MOTET_WASM_LOST;
    return fault;
}

static void check(const char *error) {
    if (error != NULL) {
        fprintf(stderr, "%s\n", error);
        exit(2);
    }
}

static struct motet_abi_guest guest(struct peer *peer, const char *name) {
    struct motet_abi_guest made = {.binding = &binding, .instance = &peer->engine, .types = &types};
    made.function = motet_abi_find(&types, name, strlen(name));
    return made;
}

static void load(struct peer *peer, uint32_t memory) {
    memset(peer, 0, sizeof *peer);
    check(motet_wasm_load(&peer->engine, code, size, memory, 1024, host));
    peer->call = guest(peer, IMPORT "#call");
    check(motet_abi_bind_import(&peer->call, peer->engine.imports[0].signature));
    check(motet_wasm_link(&peer->engine, IMPORT, "call", peer));
    peer->engine.fuel = 1000;
    peer->handle = guest(peer, "handle");
    check(motet_abi_bind(&peer->handle, "handle", 6));
    check(motet_wasm_find(&peer->engine, "raw", 3, &peer->raw));
    check(motet_wasm_find(&peer->engine, "behave", 6, &peer->behave));
    check(motet_wasm_sends(&peer->call) && motet_wasm_receives(&peer->handle) ? NULL : "other types");
    check(motet_wasm_sends(&peer->handle) || motet_wasm_receives(&peer->call) ? "its own types" : NULL);
}

static const char *run(struct peer *peer, const struct motet_wasm_function *function, const uint64_t *values) {
    uint64_t *frame = motet_wasm_frame(&peer->engine, function);
    const struct motet_wasm_signature *signature = &function->signature;
    memcpy(frame + signature->results, values, signature->arguments * sizeof *values);
    peer->engine.fuel = chance(4) == 0 ? 1 + chance(40) : 1000;
    return motet_wasm_call(&peer->engine, function);
}

static uint32_t hostile(uint32_t usual) {
    static const uint32_t words[] = {0, 1, 3, 33, 0x7fffffff, 0xffffffff, 0xfffffff0, 4095, 4096, 4097, 65536};
    uint32_t kind = chance(4);
    return kind == 0 ? words[chance(sizeof words / sizeof *words)] : kind == 1 ? chance(4200) : usual;
}

// Noise where results are looked for, small numbers more often than others.
static void scribble(struct peer *peer) {
    size_t length;
    uint8_t *memory = motet_wasm_memory(&peer->engine, &length);
    for (size_t at = 32; at + 4 <= 512; at += 4) {
        uint32_t value = chance(3) == 0 ? hostile(1) : chance(600);
        memcpy(memory + at, &value, sizeof value);
    }
}

static void behave(struct peer *peer, uint32_t memory) {
    uint64_t mode[] = {chance(3) == 0 ? 32 + hostile(4 * chance(120)) : chance(20)};
    peer->engine.fuel = 1000;
    if (run(peer, &peer->behave, mode) != NULL) {
        motet_wasm_unload(&peer->engine);
        load(peer, memory);
    }
}

static void round_of(uint32_t memory) {
    behave(&receiver, memory);
    if (chance(3) == 0) {
        behave(&sender, memory);
    }
    scribble(&receiver);
    uint64_t values[] = {hostile(608), hostile(1), hostile(640), hostile(43), hostile(128)};
    bool trapped = run(&sender, &sender.raw, values) != NULL;
    if (trapped) {
        motet_wasm_unload(&sender.engine);
        load(&sender, memory);
    }
    if (is_lost) {
        motet_wasm_unload(&receiver.engine);
        load(&receiver, memory);
        is_lost = false;
    }
}

// A copy of exactly the right size, so that one byte too many is seen.
static uint8_t *read_file(const char *path, size_t *length) {
    static uint8_t buffer[1 << 16];
    FILE *file = fopen(path, "rb");
    *length = file == NULL ? 0 : fread(buffer, 1, sizeof buffer, file);
    check(*length == 0 ? "cannot read a file" : NULL);
    fclose(file);
    return memcpy(malloc(*length), buffer, *length);
}

int main(int argc, char **argv) {
    size_t length;
    check(argc == 4 ? NULL : "message_sanitized peer.wasm descriptor rounds");
    code = read_file(argv[1], &size);
    uint8_t *data = read_file(argv[2], &length);
    check(motet_abi_measure(&types, data, length));
    types.types = calloc(types.type_count, sizeof *types.types);
    types.members = calloc(types.member_count, sizeof *types.members);
    types.functions = calloc(types.function_count, sizeof *types.functions);
    check(motet_abi_compile(&types, length));
    for (uint32_t memory = 4096; memory <= 5 * 65536; memory += 5 * 65536 - 4096) {
        load(&sender, memory);
        load(&receiver, memory);
        for (long i = 0; i < atol(argv[3]); i++) {
            round_of(memory);
        }
        motet_wasm_unload(&sender.engine);
        motet_wasm_unload(&receiver.engine);
    }
    free(types.types);
    free(types.members);
    free(types.functions);
    free(data);
    free(code);
    printf("%ld answered, %ld refused, %ld lost, %ld faults, %ld left\n", answered, refused, lost, faults, left);
    return 0;
}
