// SPDX-License-Identifier: Apache-2.0
// ESP32-C3: time and tick from the system timer, interrupts through the matrix. Technical Reference Manual of the
// ESP32-C3, chapters System Timer and Interrupt Matrix; there is neither a CLINT nor mie, mip, mcycle or minstret.
#include "arch/rv32.h"
#include "soc/soc.h"
#include "soc_esp32c3.h"

#define TIMER_CONF     REG(0x60023000)
#define TIMER_UPDATE   REG(0x60023004)
#define TIMER_TARGET   REG(0x60023034)
#define TIMER_HIGH     REG(0x60023040)
#define TIMER_LOW      REG(0x60023044)
#define TIMER_LOAD     REG(0x60023050)
#define TIMER_INT_ENA  REG(0x60023064)
#define TIMER_INT_CLR  REG(0x6002306C)
#define MAP_UART0      REG(0x600C2054)
#define MAP_TIMER      REG(0x600C2094)
#define CPU_INT_ENABLE REG(0x600C2104)
#define CPU_INT_TYPE   REG(0x600C2108)
#define CPU_INT_PRI(n) REG(0x600C2114 + 4 * (n))
#define CPU_INT_THRESH REG(0x600C2194)

#define LINE_UART     1u
#define LINE_TIMER    2u
#define TARGET0_WORKS (1u << 24)
#define PERIODIC      (1u << 30)
#define PER_MS        (ESP32C3_TIMER_HZ / 1000u)

// Whole milliseconds so far, and the timer's low word when the last of them was full.
static uint32_t whole_ms, whole_ms_at;

void esp32c3_route_interrupts(void) {
    MAP_UART0 = LINE_UART;
    MAP_TIMER = LINE_TIMER;
    CPU_INT_PRI(LINE_UART) = 1;
    CPU_INT_PRI(LINE_TIMER) = 1;
    CPU_INT_THRESH = 1;
    // Level, not edge.
    CPU_INT_TYPE = 0;
    CPU_INT_ENABLE = 1u << LINE_UART | 1u << LINE_TIMER;
}

// With interrupts masked: a handler would latch another value between the two halves.
static void latch(void) {
    TIMER_UPDATE = 1u << 30;
    while (!(TIMER_UPDATE & 1u << 29)) {
    }
}

static uint64_t timer_now(void) {
    uint32_t state = arch_lock();
    latch();
    uint64_t now = (uint64_t)TIMER_HIGH << 32 | TIMER_LOW;
    arch_unlock(state);
    return now;
}

void arch_start_tick(uint32_t hz) {
    latch();
    whole_ms_at = TIMER_LOW;
    TIMER_CONF = (TIMER_CONF | 1u << 31) & ~TARGET0_WORKS;
    // The manual's order: period, its load, then the mode.
    TIMER_TARGET = hz / PORT_TICK_HZ;
    TIMER_LOAD = 1;
    TIMER_TARGET = hz / PORT_TICK_HZ | PERIODIC;
    TIMER_CONF |= TARGET0_WORKS;
    TIMER_INT_ENA = 1;
}

uint64_t arch_time_us(void) {
    return timer_now() / (ESP32C3_TIMER_HZ / 1000000u);
}

// With 32 bits only, as this runs for every byte received; every tick calls it, so the low word never laps.
uint32_t arch_time_ms(void) {
    uint32_t state = arch_lock();
    latch();
    uint32_t more = (TIMER_LOW - whole_ms_at) / PER_MS;
    whole_ms += more;
    whole_ms_at += more * PER_MS;
    uint32_t now = whole_ms;
    arch_unlock(state);
    return now;
}

uint64_t arch_cycles(void) {
    return timer_now();
}

uint32_t arch_cycles_hz(void) {
    return ESP32C3_TIMER_HZ;
}

bool rv32_on_interrupt(uint32_t number) {
    if (number == LINE_TIMER) {
        TIMER_INT_CLR = 1;
        (void)arch_time_ms();
        port_on_tick();
        return true;
    }
    if (number == LINE_UART) {
        esp32c3_on_uart();
        return true;
    }
    return false;
}
