// SPDX-License-Identifier: Apache-2.0
#include "watch.h"

#include "arch/arch.h"
#include "fault.h"
#include "soc/soc.h"

// Longer than any call that a component's fuel or a gateway's patience allows.
#define LIMIT_MS 30000u
// Of the hardware. An emulated board's time may go on while its host is busy with something else.
#define HARDWARE_MS 8000u
// A program that ran so long does not fail at its start.
#define SETTLED_MS 30000u

static volatile bool started;
static volatile uint32_t alive_ms;
static uint32_t limit_ms = LIMIT_MS, start_ms;
static bool settled;

void watch_alive(void) {
    alive_ms = arch_time_ms();
}

void watch_limit(uint32_t ms) {
    limit_ms = ms;
    watch_alive();
}

void watch_start(void) {
    start_ms = arch_time_ms();
    watch_alive();
#if PORT_RESET_ON_FAULT
    soc_watchdog_start(HARDWARE_MS);
#endif
    started = true;
}

void watch_tick(void) {
    if (!started) {
        return;
    }
    uint32_t now = arch_time_ms();
    if (now - alive_ms >= limit_ms) {
        fault_hang(arch_interrupted_pc());
    }
    soc_watchdog_feed();
    if (!settled && now - start_ms >= SETTLED_MS) {
        settled = true;
        fault_settled();
    }
}
