// SPDX-License-Identifier: Apache-2.0
// What the port needs from a processor core.
#ifndef MOTET_ARCH_H
#define MOTET_ARCH_H

#include <stdint.h>

#if defined(__riscv)
#define ARCH_MSTATUS_MIE 8u
#define ARCH_UNMASKED    ARCH_MSTATUS_MIE

// Masks interrupts; the result goes to arch_unlock. Sections nest.
static inline uint32_t arch_lock(void) {
    uint32_t state;
    __asm volatile("csrrci %0, mstatus, 8" : "=r"(state)::"memory");
    return state;
}

static inline void arch_unlock(uint32_t state) {
    __asm volatile("csrs mstatus, %0" ::"r"(state & ARCH_MSTATUS_MIE) : "memory");
}
#else
#define ARCH_UNMASKED 0u

static inline uint32_t arch_lock(void) {
    uint32_t state;
    __asm volatile("mrs %0, primask\n cpsid i" : "=r"(state)::"memory");
    return state;
}

static inline void arch_unlock(uint32_t state) {
    __asm volatile("msr primask, %0" ::"r"(state) : "memory");
}
#endif

#if RV32_VECTORED
// Called with interrupts masked. Nothing says that a masked interrupt ends this core's sleep, so they are let in before
// it; one that comes in between waits for the next tick to be noticed.
static inline void arch_wait(void) {
    __asm volatile("csrsi mstatus, 8\n wfi\n csrci mstatus, 8" ::: "memory");
}
#else
// Sleeps with interrupts masked. A masked interrupt that is already pending ends the sleep at once,
// so nothing that happens between the caller's last look and this line is slept through.
static inline void arch_wait(void) {
    __asm volatile("wfi" ::: "memory");
}
#endif

// Inside an interrupt handler: where the program was.
uint32_t arch_interrupted_pc(void);

// Starts the periodic tick and arms the guard below the main stack.
void arch_start_tick(uint32_t clock_hz);
void arch_guard_stack(void);

#if !defined(__riscv)
// Restarts a chip that has no reset of its own beside the core's.
_Noreturn void arch_reset(void);
#endif

// Microseconds and clock cycles since boot, monotonic also while interrupts are masked. On cores with an
// instruction counter, cycles are retired instructions.
uint64_t arch_time_us(void);
// Milliseconds since boot modulo 2^32, quicker than the above.
uint32_t arch_time_ms(void);
uint64_t arch_cycles(void);
uint32_t arch_cycles_hz(void);

#endif
