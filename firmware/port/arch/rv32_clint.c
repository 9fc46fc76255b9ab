// SPDX-License-Identifier: Apache-2.0
// RV32 with the core-local interruptor and the CSRs of the privileged architecture: SiFive's chips, QEMU's virt
// machine.
#include "arch/rv32.h"
#include "soc/soc.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define MTIMECMP(n)  REG(0x02004000 + 4 * (n))
#define MTIME(n)     REG(0x0200BFF8 + 4 * (n))

#define CAUSE_TIMER    7u
#define CAUSE_EXTERNAL 11u

static uint32_t timer_hz;
static uint64_t next_tick;
static volatile uint32_t tick_count;

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
    __asm volatile("csrw mie, %0" ::"r"(1u << CAUSE_TIMER | 1u << CAUSE_EXTERNAL));
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

bool rv32_on_interrupt(uint32_t number) {
    if (number == CAUSE_TIMER) {
        on_timer();
        return true;
    }
    if (number == CAUSE_EXTERNAL) {
        soc_on_external();
        return true;
    }
    return false;
}
