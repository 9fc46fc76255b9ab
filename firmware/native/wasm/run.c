// SPDX-License-Identifier: Apache-2.0
// Running code: entering and leaving wasm3, fuel, cancellation, the C stack guard, calls.
#include "private.h"

#include <setjmp.h>

#include "cancel.h"
#include "m3_exec_defs.h"

#define TRAP_PREFIX "[trap] "

MOTET_PER_THREAD struct motet_wasm *motet_wasm_running;
static MOTET_PER_THREAD jmp_buf *escape;
static MOTET_PER_THREAD char *stack_floor;

const char motet_wasm_no_memory[] = "out of memory";
const char motet_wasm_host_failed[] = "host function failed";
static const char out_of_fuel[] = "out of fuel";
static const char cancelled[] = "cancelled";

const char *motet_wasm_do(struct motet_wasm *instance, motet_wasm_work work, const void *argument) {
    struct motet_wasm *outer = motet_wasm_running;
    jmp_buf *outer_escape = escape;
    jmp_buf here;
    const char *answer;
    if (outer == NULL) {
        stack_floor = motet_wasm_stack_floor();
    }
    motet_wasm_running = instance;
    escape = &here;
    if (setjmp(here) == 0) {
        answer = work(instance, argument);
    } else {
        answer = motet_wasm_no_memory;
    }
    motet_wasm_running = outer;
    escape = outer_escape;
    return answer;
}

_Noreturn void motet_wasm_out_of_memory(void) {
    longjmp(*escape, 1);
}

bool motet_wasm_stack_left(size_t bytes) {
    return (uintptr_t)__builtin_frame_address(0) > (uintptr_t)stack_floor + bytes;
}

// wasm3 asks here before each call and each loop iteration. A module's size bounds its loading, which is not a call: a
// flag that an earlier call left does not end it.
M3Result m3_Yield(void) {
    struct motet_wasm *instance = motet_wasm_running;
    if (motet_cancel_pending() && instance->start != MOTET_WASM_LOADING) {
        return cancelled;
    }
    if (!motet_wasm_stack_left(0)) {
        return m3Err_trapStackOverflow;
    }
    if (instance->fuel == 0) {
        return out_of_fuel;
    }
    instance->fuel--;
    return NULL;
}

// wasm3's compiler asks here before it descends into a block.
M3Result motet_wasm_may_nest(void) {
    return motet_wasm_stack_left(0) ? NULL : "blocks are nested too deeply";
}

// What wasm3 calls "[trap] unreachable executed" is "unreachable executed" here.
static const char *plain(const char *trap) {
    size_t prefix = sizeof TRAP_PREFIX - 1;
    return strncmp(trap, TRAP_PREFIX, prefix) == 0 ? trap + prefix : trap;
}

static const char *run(struct motet_wasm *instance, const void *code) {
    pc_t pc = code;
    const char *trap = m3_Yield();
    if (trap != NULL) {
        return trap;
    }
    struct M3Runtime *runtime = instance->runtime;
    return ((IM3Operation)*pc)(pc + 1, runtime->stack, runtime->memory.mallocated, d_m3OpDefaultArgs);
}

const char *motet_wasm_call(struct motet_wasm *instance, const struct motet_wasm_function *function) {
    if (motet_wasm_elsewhere(instance) != NULL) {
        return motet_wasm_elsewhere(instance)->call(instance, function);
    }
    void *stack = instance->runtime->stack;
    const char *trap = motet_wasm_do(instance, run, function->handle->compiled);
    // A call that was abandoned inside an import leaves the base of the stack where that import had it.
    instance->runtime->stack = stack;
    instance->trap = trap == NULL ? NULL : plain(trap);
    return instance->trap;
}

uint64_t *motet_wasm_frame(const struct motet_wasm *instance, const struct motet_wasm_function *function) {
    if (motet_wasm_elsewhere(instance) != NULL) {
        return motet_wasm_elsewhere(instance)->frame;
    }
    uint64_t *frame = instance->runtime->stack;
    size_t needed = (size_t)function->signature.results + function->signature.arguments;
    return (size_t)(instance->stack_end - frame) >= needed ? frame : NULL;
}
