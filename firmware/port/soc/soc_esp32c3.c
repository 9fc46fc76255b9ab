// SPDX-License-Identifier: Apache-2.0
// ESP32-C3 started by its ROM straight from flash ("direct boot"): UART0 at 115200 baud, watchdogs off. Technical
// Reference Manual of the ESP32-C3, chapters Reset and Clock, UART, Low-power Management. The processor keeps the clock
// that the ROM chose; time and baud rate come from the crystal and do not depend on it.
#include "soc_esp32c3.h"

#include "arch/arch.h"
#include "soc/soc.h"

#define UART_FIFO      REG(0x60000000)
#define UART_INT_ENA   REG(0x6000000C)
#define UART_INT_CLR   REG(0x60000010)
#define UART_CLKDIV    REG(0x60000014)
#define UART_STATUS    REG(0x6000001C)
#define UART_CONF0     REG(0x60000020)
#define UART_CONF1     REG(0x60000024)
#define UART_MEM_CONF  REG(0x60000060)
#define UART_CLK_CONF  REG(0x60000078)
#define UART_ID        REG(0x60000080)
#define RTC_OPTIONS0   REG(0x60008000)
#define RTC_RESET      REG(0x60008038)
#define RTC_WDT        REG(0x60008090)
#define RTC_WDT_KEY    REG(0x600080A8)
#define RTC_SWD        REG(0x600080AC)
#define RTC_SWD_KEY    REG(0x600080B0)
#define TIMG0_WDT      REG(0x6001F048)
#define TIMG0_WDT_KEY  REG(0x6001F064)
#define RANDOM         REG(0x600260B0)
#define PERIPHERAL_CLK REG(0x600C0010)
#define PERIPHERAL_RST REG(0x600C0018)

#define WDT_UNLOCK 0x50D83AA1u
#define SWD_UNLOCK 0x8F1D312Au
// What is written to the timer group's watchdog counts only with this bit: it has another clock.
#define TIMG_WDT_UPDATE (1u << 22)
#define CRYSTAL_HZ      40000000u
#define BAUD            115200u
#define FIFO_ROOM       127u
#define FIFO_RX(st)     ((st) & 0x3FFu)
#define FIFO_TX(st)     ((st) >> 16 & 0x3FFu)
// Received: 64 bytes are there, or some are and the line has been still for two characters.
#define RX_FULL_AT  64u
#define RX_STILL    20u
#define TX_EMPTY_AT 32u
#define INT_RX      (1u << 0 | 1u << 8)
#define INT_TX      (1u << 1)
#define DRAIN_TRIES 100000u

static void stop_watchdogs(void) {
    TIMG0_WDT_KEY = WDT_UNLOCK;
    TIMG0_WDT = TIMG_WDT_UPDATE;
    TIMG0_WDT_KEY = 0;
    RTC_WDT_KEY = WDT_UNLOCK;
    RTC_WDT = 0;
    RTC_WDT_KEY = 0;
    // The super watchdog cannot be stopped, but told to feed itself.
    RTC_SWD_KEY = SWD_UNLOCK;
    RTC_SWD |= 1u << 31;
    RTC_SWD_KEY = 0;
}

static void start_uart(void) {
    // The ROM's last words leave first.
    for (uint32_t tries = 0; FIFO_TX(UART_STATUS) && tries < DRAIN_TRIES; tries++) {
    }
    UART_INT_ENA = 0;
    // From the crystal: divider in sixteenths.
    UART_CLK_CONF = 3u << 20 | 1u << 22 | 1u << 24 | 1u << 25;
    uint32_t divider = CRYSTAL_HZ * 16u / BAUD;
    UART_CLKDIV = divider >> 4 | (divider & 15u) << 20;
    UART_CONF1 = RX_FULL_AT | TX_EMPTY_AT << 9 | 1u << 21;
    UART_MEM_CONF = (UART_MEM_CONF & ~(0x3FFu << 16)) | RX_STILL << 16;
    // 8 bits, no parity, one stop bit, memory clock on.
    UART_CONF0 = 3u << 2 | 1u << 4 | 1u << 28;
    UART_ID |= 1u << 31;
    UART_INT_CLR = UINT32_MAX;
    UART_INT_ENA = INT_RX;
}

void soc_init(void) {
    stop_watchdogs();
    // System timer, UART0 and the UARTs' memory.
    PERIPHERAL_CLK |= 1u << 29 | 1u << 24 | 1u << 2;
    PERIPHERAL_RST &= ~(1u << 29 | 1u << 24 | 1u << 2);
    start_uart();
    esp32c3_route_interrupts();
    arch_start_tick(ESP32C3_TIMER_HZ);
}

void esp32c3_on_uart(void) {
    UART_INT_CLR = INT_RX | INT_TX;
    port_on_uart();
}

int soc_uart_read(void) {
    return FIFO_RX(UART_STATUS) ? (int)(UART_FIFO & 0xFF) : -1;
}

bool soc_uart_write(uint8_t byte) {
    if (FIFO_TX(UART_STATUS) >= FIFO_ROOM) {
        return false;
    }
    UART_FIFO = byte;
    return true;
}

void soc_uart_notify_writable(bool on) {
    uint32_t wanted = on ? INT_RX | INT_TX : INT_RX;
    if (UART_INT_ENA != wanted) {
        UART_INT_ENA = wanted;
    }
}

_Noreturn void soc_reset(void) {
    // What still waits in the transmitter is a fault report, as a rule.
    for (uint32_t tries = 0; FIFO_TX(UART_STATUS) && tries < DRAIN_TRIES; tries++) {
    }
    RTC_OPTIONS0 |= 1u << 31;
    for (;;) {
    }
}

// The chip's watchdogs stay off as long as no chip has run this; the port's tick watches the program.
void soc_watchdog_start(uint32_t timeout_ms) {
    (void)timeout_ms;
}

void soc_watchdog_feed(void) {
}

// Without a radio the source has little to draw from: good for numbers that differ, as everything here.
size_t soc_entropy(uint8_t *out, size_t room) {
    for (size_t i = 0; i < room; i++) {
        out[i] = (uint8_t)RANDOM;
    }
    return room;
}

const char *soc_reset_cause(void) {
    uint32_t cause = RTC_RESET & 0x3Fu;
    static const uint32_t watchdogs =
        1u << 7 | 1u << 8 | 1u << 9 | 1u << 11 | 1u << 13 | 1u << 16 | 1u << 17 | 1u << 18;
    if (cause < 32 && watchdogs >> cause & 1u) {
        return "watchdog";
    }
    return cause == 1 ? "power_on" : cause == 15 ? "brown_out" : 0;
}
