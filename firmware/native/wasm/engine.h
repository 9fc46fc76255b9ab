// SPDX-License-Identifier: Apache-2.0
// A WebAssembly instance: one module, its linear memory and its stack, bounded in memory, time and C stack.
//
// The interpreter is wasm3. It trusts its input more than it should: only modules that passed admission
// (validated and normalised on the host) belong here. What this layer guarantees by itself: a module that is
// cut off is refused, a call ends after at most `fuel` calls and loop iterations, recursion traps before the
// C stack overflows, linear memory does not exceed its limit, unloading frees everything.
//
// Functions that can fail return NULL on success, else a text that is never freed. One instance must not be
// used by two threads at once; calling back into an instance from one of its own imports is allowed.
#ifndef MOTET_WASM_ENGINE_H
#define MOTET_WASM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alloc.h"

#define MOTET_WASM_MAX_CODE      (1u << 20)
#define MOTET_WASM_MAX_ARGUMENTS 17
#define MOTET_WASM_MIN_STACK     256u
#define MOTET_WASM_MAX_STACK     (1u << 20)

enum motet_wasm_type { MOTET_WASM_I32 = 1, MOTET_WASM_I64 = 2, MOTET_WASM_F32 = 3, MOTET_WASM_F64 = 4 };

// Results (none or one) stand before the arguments, in `types` as on the stack, where each takes eight bytes.
struct motet_wasm_signature {
    const uint8_t *types;
    uint8_t results;
    uint8_t arguments;
};

struct motet_wasm;

// One function the module needs. `callable` belongs to the binding; NULL until linked.
struct motet_wasm_import {
    struct motet_wasm_signature signature;
    const char *module;
    const char *name;
    void *callable;
};

// Calls import->callable with the arguments found on the stack and leaves the result in stack[0]. Returns
// NULL, or motet_wasm_host_failed to end the call that led here.
typedef const char *(*motet_wasm_host)(struct motet_wasm *instance, const struct motet_wasm_import *import,
                                       uint64_t *stack);

// An exported function of an instance. Valid until the instance is unloaded.
struct motet_wasm_function {
    struct motet_wasm_signature signature;
    struct M3Function *handle;
};

struct motet_wasm_export {
    const char *name; // not terminated
    size_t length;
    uint32_t index;
};

// Where the functions of a module are that another engine of this process runs: typed calls work on it all the same.
struct motet_wasm_elsewhere {
    const struct motet_wasm_export *names;
    const struct motet_wasm_function *functions;
    uint32_t count;
    uint32_t memory_limit;
    uint64_t *frame;
    const char *(*call)(struct motet_wasm *instance, const struct motet_wasm_function *function);
    uint8_t *(*memory)(const struct motet_wasm *instance, size_t *length);
};

struct motet_wasm {
    // Units left: one is one call or one loop iteration. Zero after loading: a call needs fuel to be given
    // first.
    uint32_t fuel;
    // Why the last call trapped; NULL when it did not.
    const char *trap;
    struct motet_wasm_import *imports;
    uint32_t import_count;
    // The rest belongs to the engine.
    enum { MOTET_WASM_LOADING, MOTET_WASM_START_DUE, MOTET_WASM_START_DONE, MOTET_WASM_START_FAILED } start;
    motet_wasm_host host;
    const uint8_t *code, *code_end;
    struct motet_wasm_block *blocks;
    struct M3Runtime *runtime;
    struct M3Module *module;
    uint64_t *stack_end;
#ifdef MOTET_WASM_ELSEWHERE
    const struct motet_wasm_elsewhere *elsewhere;
#endif
};

// What another engine runs; on devices there is none, and nothing is asked.
static inline const struct motet_wasm_elsewhere *motet_wasm_elsewhere(const struct motet_wasm *instance) {
#ifdef MOTET_WASM_ELSEWHERE
    return instance->elsewhere;
#else
    (void)instance;
    return NULL;
#endif
}

// Answers that mean more than their text.
extern const char motet_wasm_no_memory[];
extern const char motet_wasm_host_failed[];

// Load `size` bytes at `code`, which are read in place: they must not move or change before
// motet_wasm_unload. `instance` is all zero before. `memory` limits the linear memory, `stack` is the size of
// the wasm stack, in bytes.
const char *motet_wasm_load(struct motet_wasm *instance, const uint8_t *code, size_t size, uint32_t memory,
                            uint32_t stack, motet_wasm_host host);
void motet_wasm_unload(struct motet_wasm *instance);
static inline bool motet_wasm_loaded(const struct motet_wasm *instance) {
    return instance->runtime != NULL || motet_wasm_elsewhere(instance) != NULL;
}

// Give an import its implementation. Every import of that name is linked; none is an error.
const char *motet_wasm_link(struct motet_wasm *instance, const char *module, const char *name, void *callable);

// Step through the exported functions: *export is all zero at first. False after the last one.
bool motet_wasm_next_export(const struct motet_wasm *instance, struct motet_wasm_export *export);
struct motet_wasm_signature motet_wasm_export_signature(const struct motet_wasm *instance,
                                                        const struct motet_wasm_export *export);

// Find and compile an exported function. The first success runs the module's start function, so it takes fuel
// and may trap: the answer then equals instance->trap.
const char *motet_wasm_find(struct motet_wasm *instance, const char *name, size_t length,
                            struct motet_wasm_function *function);

// Where the results and arguments of the next call belong; NULL when the stack has no room for them.
uint64_t *motet_wasm_frame(const struct motet_wasm *instance, const struct motet_wasm_function *function);
// Call with the arguments placed there; the result then is in frame[0]. The answer equals instance->trap.
const char *motet_wasm_call(struct motet_wasm *instance, const struct motet_wasm_function *function);

// Linear memory; moves when the module grows it. NULL when it is empty.
uint8_t *motet_wasm_memory(const struct motet_wasm *instance, size_t *length);
uint32_t motet_wasm_memory_limit(const struct motet_wasm *instance);

// "i(iI)": the result, then the arguments; v i I f F. `text` takes MOTET_WASM_SIGNATURE_TEXT bytes.
#define MOTET_WASM_SIGNATURE_TEXT (MOTET_WASM_MAX_ARGUMENTS + 5)
void motet_wasm_signature_text(struct motet_wasm_signature signature, char *text);

// Given by the binding: the lowest address to which wasm code may fill this thread's C stack.
char *motet_wasm_stack_floor(void);

#endif
