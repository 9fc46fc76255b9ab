// SPDX-License-Identifier: Apache-2.0
// RP2040 under MicroPython's rp2 port: what firmware/port/soc/soc.h and arch/arch.h ask for, by the Pico SDK. The
// framed link has UART0 (GP0 sends, GP1 receives, 115200 baud); the console stays on USB.
#include "hardware/gpio.h"
#include "hardware/irq.h"
#include "hardware/structs/rosc.h"
#include "hardware/structs/vreg_and_chip_reset.h"
#include "hardware/structs/watchdog.h"
#include "hardware/sync.h"
#include "hardware/uart.h"
#include "hardware/watchdog.h"
#include "pico/time.h"

#include "../port/arch/arch.h"
#include "../port/fault.h"
#include "../port/port.h"
#include "../port/soc/soc.h"
#include "../port/watch.h"

#define LINK      uart0
#define LINK_IRQ  UART0_IRQ
#define LINK_BAUD 115200u
#define LINK_TX   0u
#define LINK_RX   1u
// How often a busy transmitter is asked before it counts as stuck.
#define SEND_TRIES 1000000u

// Bytes received, or the silence after them.
#define INT_RX (UART_UARTIMSC_RXIM_BITS | UART_UARTIMSC_RTIM_BITS)
#define INT_TX UART_UARTIMSC_TXIM_BITS

// Until the device core runs there is no limit: what somebody does at the console's prompt may take its time.
#define NO_LIMIT_MS 0x7FFFFFFFu

void __real_mp_wfe_or_timeout(uint32_t timeout_ms);
void __real_watchdog_reboot(uint32_t pc, uint32_t sp, uint32_t delay_ms);

static repeating_timer_t tick;

static void on_link(void) {
    do {
        port_on_uart();
    } while (uart_is_readable(LINK));
}

// Both handlers are pieces of work on one link: neither may interrupt the other.
static bool on_tick(repeating_timer_t *timer) {
    (void)timer;
    uint32_t state = arch_lock();
    port_on_tick();
    arch_unlock(state);
    return true;
}

static void start_link(void) {
    uart_init(LINK, LINK_BAUD);
    gpio_set_function(LINK_TX, GPIO_FUNC_UART);
    gpio_set_function(LINK_RX, GPIO_FUNC_UART);
    gpio_pull_up(LINK_RX);
    irq_set_exclusive_handler(LINK_IRQ, on_link);
    irq_set_enabled(LINK_IRQ, true);
    uart_get_hw(LINK)->imsc = INT_RX;
}

// Called by the port's main before the interpreter starts.
void motet_rp2_start(void) {
    fault_recall();
    start_link();
    watch_limit(NO_LIMIT_MS);
    watch_start();
    add_repeating_timer_ms(-(int32_t)(1000u / PORT_TICK_HZ), on_tick, NULL, &tick);
}

// The interpreter waits until something happens.
void motet_rp2_wait(void) {
    watch_alive();
    __wfe();
}

void __wrap_mp_wfe_or_timeout(uint32_t timeout_ms) {
    watch_alive();
    __real_mp_wfe_or_timeout(timeout_ms);
}

// Called when the interpreter is about to forget all its objects, the link among them.
void motet_rp2_detach(void) {
    port_attach(NULL);
}

int soc_uart_read(void) {
    return uart_is_readable(LINK) ? (int)(uart_get_hw(LINK)->dr & 0xFFu) : -1;
}

bool soc_uart_write(uint8_t byte) {
    if (!uart_is_writable(LINK)) {
        return false;
    }
    uart_get_hw(LINK)->dr = byte;
    return true;
}

void soc_uart_notify_writable(bool on) {
    uart_get_hw(LINK)->imsc = on ? INT_RX | INT_TX : INT_RX;
}

// Where fault reports go; USB needs interrupts and a host.
void port_write_raw(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        for (uint32_t tries = 0; !soc_uart_write((uint8_t)text[i]) && tries < SEND_TRIES; tries++) {
        }
    }
}

// A zero byte ends whatever frame was on its way, so that the text stands alone.
void port_end_frame(void) {
    port_write_raw("\0\r\n", 3);
}

_Noreturn void soc_reset(void) {
    __real_watchdog_reboot(0, 0, 0);
    for (;;) {
    }
}

void __wrap_watchdog_reboot(uint32_t pc, uint32_t sp, uint32_t delay_ms) {
    fault_remember("reset", "");
    __real_watchdog_reboot(pc, sp, delay_ms);
}

// One bit at a time, from an oscillator that nothing keeps steady.
size_t soc_entropy(uint8_t *out, size_t room) {
    for (size_t i = 0; i < room; i++) {
        uint8_t byte = 0;
        for (int bit = 0; bit < 8; bit++) {
            busy_wait_us_32(1);
            byte = (uint8_t)(byte << 1 | (rosc_hw->randombit & 1u));
        }
        out[i] = byte;
    }
    return room;
}

const char *soc_reset_cause(void) {
    uint32_t watchdog = watchdog_hw->reason;
    if (watchdog & WATCHDOG_REASON_TIMER_BITS) {
        return "watchdog";
    }
    // The software restarts by the watchdog's force bit, and has left a word about it.
    bool by_software = watchdog & WATCHDOG_REASON_FORCE_BITS;
    uint32_t chip = vreg_and_chip_reset_hw->chip_reset;
    return !by_software && chip & VREG_AND_CHIP_RESET_CHIP_RESET_HAD_POR_BITS ? "power_on" : 0;
}

// The watchdog is Python's here (machine.WDT), and never started by us: at the console's prompt a program may rest for
// long.
void soc_watchdog_start(uint32_t timeout_ms) {
    (void)timeout_ms;
}

void soc_watchdog_feed(void) {
}

uint32_t arch_interrupted_pc(void) {
    return 0;
}

uint64_t arch_time_us(void) {
    return time_us_64();
}

uint32_t arch_time_ms(void) {
    return to_ms_since_boot(get_absolute_time());
}

// The core has no cycle counter.
uint64_t arch_cycles(void) {
    return time_us_64();
}

uint32_t arch_cycles_hz(void) {
    return 1000000u;
}
