// SPDX-License-Identifier: Apache-2.0
// Boot: hardware, memory, interpreter, then the frozen main module for ever. There is no shell and no compiler on the
// board.

#include "py/cstack.h"
#include "py/frozenmod.h"
#include "py/gc.h"
#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/runtime/gchelper.h"
#include "shared/runtime/pyexec.h"

#include "fault.h"
#include "port.h"
#include "soc/soc.h"
#include "watch.h"

// Time for the last words to leave, and for a board that crashes at every start to be seen and reached.
#define LAST_WORDS_MS 1000
// From this failed start in a row on, the next one waits: 1 s, 2 s, 4 s, at most 32 s.
#define PATIENT_FAILURES 3
#define MOST_DOUBLINGS   5

extern uint32_t _stack_top, _stack_guard, _stack_size, _heap_start, _heap_end;

static void start_interpreter(void) {
    mp_cstack_init_with_top(&_stack_top, (size_t)&_stack_size);
    gc_init(&_heap_start, &_heap_end);
    mp_init();
}

static void wait_ms(uint32_t ms) {
    uint64_t end = arch_time_us() + ms * 1000ull;
    while (arch_time_us() < end) {
        port_pump();
        port_wait(1);
    }
}

// A board that fails at every start must not spin: it would wear out flash, flood its log and heat its cell.
static void back_off(void) {
    uint32_t failures = fault_failures();
    if (failures < PATIENT_FAILURES) {
        return;
    }
    uint32_t doublings = failures - PATIENT_FAILURES;
    static const char text[] = "several starts in a row have failed: waiting before the next one\r\n";
    port_write_raw(text, sizeof text - 1);
    wait_ms(1000u << (doublings < MOST_DOUBLINGS ? doublings : MOST_DOUBLINGS));
}

_Noreturn static void give_up(void) {
    wait_ms(LAST_WORDS_MS);
    fault_restart(port_interrupted() ? "interrupt" : "crash");
}

int main(void) {
    soc_init();
    fault_recall();
    arch_guard_stack();
    arch_unlock(ARCH_UNMASKED);
    back_off();
    watch_start();
    start_interpreter();
    port_console_listen();
    pyexec_frozen_module("main.py", false);
    give_up();
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

_Noreturn void nlr_jump_fail(void *value) {
    (void)value;
    static const char text[] = "\r\nFATAL: exception outside of any handler\r\n";
    port_write_raw(text, sizeof text - 1);
    fault_restart("crash");
}

_Noreturn void abort(void) {
    static const char text[] = "\r\nFATAL: abort\r\n";
    port_write_raw(text, sizeof text - 1);
    fault_restart("crash");
}
