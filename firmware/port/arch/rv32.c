// SPDX-License-Identifier: Apache-2.0
// RV32 in machine mode: start-up, trap entry, stack guard by the PMP. RISC-V Privileged Architecture 1.12. Where time
// and interrupts come from is the matter of another file: rv32_clint.c or the chip's.
#include <stdio.h>

#include "arch/rv32.h"
#include "fault.h"
#include "soc/soc.h"

#define CAUSE_INTERRUPT 0x80000000u

extern uint32_t _data_load, _data_start, _data_end, _bss_start, _bss_end, _stack_guard;
extern uint32_t _ramcode_load, _ramcode_start, _ramcode_end;

// picolibc asks for it at link time; nothing writes to it.
FILE *const stdout;

int main(void);

__attribute__((naked, noreturn, section(".vectors"))) void _start(void) {
    __asm volatile(".option push\n .option norelax\n la gp, __global_pointer$\n .option pop\n"
                   "la t0, _handler_stack_top\n csrw mscratch, t0\n la sp, _stack_top\n"
                   "la t0, " RV32_TRAP_VECTOR "\n csrw mtvec, t0\n j start_c");
}

static void copy(const uint32_t *from, uint32_t *to, const uint32_t *end) {
    while (to < end) {
        *to++ = *from++;
    }
}

_Noreturn __attribute__((used)) void start_c(void) {
    copy(&_data_load, &_data_start, &_data_end);
    copy(&_ramcode_load, &_ramcode_start, &_ramcode_end);
    for (uint32_t *to = &_bss_start; to < &_bss_end;) {
        *to++ = 0;
    }
    main();
    soc_reset();
}

void arch_guard_stack(void) {
    // A locked naturally aligned region of 256 bytes without any right: it binds machine mode too, until the next
    // reset.
    __asm volatile("csrw pmpaddr0, %0\n csrs pmpcfg0, %1" ::"r"((uint32_t)&_stack_guard >> 2 | 31u),
                   "r"(0x80u | 3u << 3));
}

uint32_t arch_interrupted_pc(void) {
    uint32_t epc;
    __asm volatile("csrr %0, mepc" : "=r"(epc));
    return epc;
}

static _Noreturn void on_exception(uint32_t cause, uint32_t ra) {
    uint32_t epc, value;
    __asm volatile("csrr %0, mepc\n csrr %1, mtval" : "=r"(epc), "=r"(value));
    const struct fault_field fields[] = {{"mcause", cause}, {"mepc", epc}, {"ra", ra}, {"mtval", value}};
    bool overflow = (cause == 5 || cause == 7) && value - (uint32_t)&_stack_guard < 256;
    fault_report("TRAP", fields, 4, overflow ? "stack overflow" : 0);
}

__attribute__((used)) void on_trap(uint32_t cause, uint32_t ra) {
    if (!(cause & CAUSE_INTERRUPT) || !rv32_on_interrupt(cause & ~CAUSE_INTERRUPT)) {
        on_exception(cause, ra);
    }
}

#if RV32_VECTORED
// A core without direct mode: each of its 32 entries leads to the same place.
__attribute__((naked, aligned(256), used)) void trap_vectors(void) {
    __asm volatile(".option push\n .option norvc\n .rept 32\n j trap_entry\n .endr\n .option pop");
}
#endif

// Handlers have a stack of their own, swapped in through mscratch, so that a stack overflow can still be reported.
__attribute__((naked, aligned(4), used)) void trap_entry(void) {
    __asm volatile("csrrw sp, mscratch, sp\n addi sp, sp, -64\n"
                   "sw ra, 0(sp)\n sw t0, 4(sp)\n sw t1, 8(sp)\n sw t2, 12(sp)\n sw a0, 16(sp)\n sw a1, 20(sp)\n"
                   "sw a2, 24(sp)\n sw a3, 28(sp)\n sw a4, 32(sp)\n sw a5, 36(sp)\n sw a6, 40(sp)\n sw a7, 44(sp)\n"
                   "sw t3, 48(sp)\n sw t4, 52(sp)\n sw t5, 56(sp)\n sw t6, 60(sp)\n"
                   "csrr a0, mcause\n mv a1, ra\n call on_trap\n"
                   "lw ra, 0(sp)\n lw t0, 4(sp)\n lw t1, 8(sp)\n lw t2, 12(sp)\n lw a0, 16(sp)\n lw a1, 20(sp)\n"
                   "lw a2, 24(sp)\n lw a3, 28(sp)\n lw a4, 32(sp)\n lw a5, 36(sp)\n lw a6, 40(sp)\n lw a7, 44(sp)\n"
                   "lw t3, 48(sp)\n lw t4, 52(sp)\n lw t5, 56(sp)\n lw t6, 60(sp)\n"
                   "addi sp, sp, 64\n csrrw sp, mscratch, sp\n mret");
}
