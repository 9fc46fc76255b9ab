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

// Time for the last words to leave, and for a board that crashes at every start to be seen and reached.
#define LAST_WORDS_MS 1000

extern uint32_t _stack_top, _stack_guard, _stack_size, _heap_start, _heap_end;

static void start_interpreter(void) {
    mp_cstack_init_with_top(&_stack_top, (size_t)&_stack_size);
    gc_init(&_heap_start, &_heap_end);
    mp_init();
}

_Noreturn static void give_up(const char *why) {
    uint64_t end = arch_time_us() + LAST_WORDS_MS * 1000u;
    while (arch_time_us() < end) {
        port_pump();
        port_wait(1);
    }
    fault_restart(why);
}

int main(void) {
    soc_init();
    fault_recall();
    arch_guard_stack();
    arch_unlock(ARCH_UNMASKED);
    start_interpreter();
    pyexec_frozen_module("main.py", false);
    give_up("crash");
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
