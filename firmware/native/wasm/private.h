// SPDX-License-Identifier: Apache-2.0
// Inside the wasm engine.
#ifndef MOTET_WASM_PRIVATE_H
#define MOTET_WASM_PRIVATE_H

#include "engine.h"
#include "m3_env.h"

// Threads exist only where the build says so; initial-exec keeps the access as cheap as that of a global.
#ifdef MOTET_THREADS
#define MOTET_PER_THREAD _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define MOTET_PER_THREAD
#endif

// Loading recurses deeper than the checks inside it see: so much C stack must be left. wasm3 keeps a compiler
// and a runtime on it, 1.7 KB deep on a 32-bit machine.
#define MOTET_WASM_LOAD_STACK 2048

// The instance whose code or loader runs on this thread: fuel and memory are taken from it.
extern MOTET_PER_THREAD struct motet_wasm *motet_wasm_running;

// Does `work` with `instance` as the running one. Every use of wasm3 that may allocate goes through here:
// when memory runs out inside, the work is abandoned and the answer is motet_wasm_no_memory.
typedef const char *(*motet_wasm_work)(struct motet_wasm *instance, const void *argument);
const char *motet_wasm_do(struct motet_wasm *instance, motet_wasm_work work, const void *argument);
_Noreturn void motet_wasm_out_of_memory(void);
bool motet_wasm_stack_left(size_t bytes);

struct motet_wasm_signature motet_wasm_signature_of(const struct M3FuncType *type);

// Refuse what is not the outline of a module: header, order and lengths of sections, of function bodies and of
// segments.
const char *motet_wasm_check(const uint8_t *code, const uint8_t *end);
const char *motet_wasm_check_entries(uint8_t section, const uint8_t *at, const uint8_t *end);
// The contents of section `id`; false when there is none.
bool motet_wasm_section(const uint8_t *code, const uint8_t *code_end, uint8_t id, const uint8_t **begin,
                        const uint8_t **end);
bool motet_wasm_leb(const uint8_t **at, const uint8_t *end, uint32_t *value);

void motet_wasm_prepare_imports(struct motet_wasm *instance);
bool motet_wasm_linked(const struct motet_wasm *instance);

#endif
