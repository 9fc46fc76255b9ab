// SPDX-License-Identifier: Apache-2.0
// RV32 in machine mode: start-up, trap entry, stack guard by the PMP, time from the CLINT. RISC-V Privileged
// Architecture 1.12.
#include <stdbool.h>
#include <stdio.h>

#include "arch/arch.h"
#include "fault.h"
#include "port.h"
#include "soc/soc.h"

#define REG(address) (*(volatile uint32_t *)(address))
// Core-local interruptor, at the address that SiFive's chips and QEMU's virt machine share.
#define MTIMECMP(n) REG(0x02004000 + 4 * (n))
#define MTIME(n)    REG(0x0200BFF8 + 4 * (n))

#define CAUSE_INTERRUPT 0x80000000u
#define CAUSE_TIMER     7u
#define CAUSE_EXTERNAL  11u

extern uint32_t _data_load, _data_start, _data_end, _bss_start, _bss_end, _stack_guard;

// picolibc asks for it at link time; nothing writes to it.
FILE *const stdout;

void soc_on_external(void);
int main(void);

static uint32_t timer_hz;
static uint64_t next_tick;
static volatile uint32_t tick_count;

__attribute__((naked, noreturn, section(".vectors"))) void _start(void) {
    __asm volatile(".option push\n .option norelax\n la gp, __global_pointer$\n .option pop\n"
                   "la t0, _handler_stack_top\n csrw mscratch, t0\n la sp, _stack_top\n"
                   "la t0, trap_entry\n csrw mtvec, t0\n j start_c");
}

_Noreturn __attribute__((used)) void start_c(void) {
    for (uint32_t *from = &_data_load, *to = &_data_start; to < &_data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &_bss_start; to < &_bss_end;) {
        *to++ = 0;
    }
    __asm volatile("csrw mie, %0" ::"r"(1u << CAUSE_TIMER | 1u << CAUSE_EXTERNAL));
    main();
    soc_reset();
}

void arch_guard_stack(void) {
    // A locked naturally aligned region of 256 bytes without any right: it binds machine mode too, until the next
    // reset.
    __asm volatile("csrw pmpaddr0, %0\n csrs pmpcfg0, %1" ::"r"((uint32_t)&_stack_guard >> 2 | 31u),
                   "r"(0x80u | 3u << 3));
}

static uint64_t timer_now(void) {
    uint32_t high, low;
    do {
        high = MTIME(1);
        low = MTIME(0);
    } while (high != MTIME(1));
    return (uint64_t)high << 32 | low;
}

static void set_next_tick(void) {
    // The high word is raised first, so that no value in between lies in the past.
    MTIMECMP(1) = UINT32_MAX;
    MTIMECMP(0) = (uint32_t)next_tick;
    MTIMECMP(1) = (uint32_t)(next_tick >> 32);
}

void arch_start_tick(uint32_t hz) {
    timer_hz = hz;
    next_tick = timer_now() + hz / PORT_TICK_HZ;
    set_next_tick();
}

static void on_timer(void) {
    uint64_t now = timer_now();
    do {
        next_tick += timer_hz / PORT_TICK_HZ;
        tick_count++;
    } while (next_tick <= now);
    set_next_tick();
    port_on_tick();
}

uint64_t arch_time_us(void) {
    return timer_now() / (timer_hz / 1000000u);
}

// From the last tick on with 32 bits only: this runs for every byte received, and 64-bit division is slow here.
uint32_t arch_time_ms(void) {
    uint32_t state = arch_lock();
    uint32_t since_tick = MTIME(0) - ((uint32_t)next_tick - timer_hz / PORT_TICK_HZ);
    uint32_t ticks = tick_count;
    arch_unlock(state);
    return ticks * (1000u / PORT_TICK_HZ) + since_tick / (timer_hz / 1000u);
}

uint64_t arch_cycles(void) {
    uint32_t high, low, again;
    do {
        __asm volatile("csrr %0, minstreth\n csrr %1, minstret\n csrr %2, minstreth"
                       : "=r"(high), "=r"(low), "=r"(again));
    } while (high != again);
    return (uint64_t)high << 32 | low;
}

uint32_t arch_cycles_hz(void) {
    return SOC_INSTRUCTIONS_HZ;
}

static _Noreturn void on_exception(uint32_t cause, uint32_t ra) {
    uint32_t epc, value;
    __asm volatile("csrr %0, mepc\n csrr %1, mtval" : "=r"(epc), "=r"(value));
    const struct fault_field fields[] = {{"mcause", cause}, {"mepc", epc}, {"ra", ra}, {"mtval", value}};
    bool overflow = (cause == 5 || cause == 7) && value - (uint32_t)&_stack_guard < 256;
    fault_report("TRAP", fields, 4, overflow ? "stack overflow" : 0);
}

__attribute__((used)) void on_trap(uint32_t cause, uint32_t ra) {
    if (cause == (CAUSE_INTERRUPT | CAUSE_TIMER)) {
        on_timer();
    } else if (cause == (CAUSE_INTERRUPT | CAUSE_EXTERNAL)) {
        soc_on_external();
    } else {
        on_exception(cause, ra);
    }
}

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
