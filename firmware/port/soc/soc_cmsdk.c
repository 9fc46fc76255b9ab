// SPDX-License-Identifier: Apache-2.0
// Arm's MPS2 and MPS3 images: CMSDK UARTs and watchdog at the addresses that board.toml gives. Cortex-M System Design
// Kit TRM (DDI 0479) §4.3 and §4.5; Arm application notes AN385, AN386, AN547.

#include "arch/arch.h"
#include "soc/soc.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define NVIC_ISER(n) REG(0xE000E100 + 4 * (n))
#define NVIC_ISPR(n) REG(0xE000E200 + 4 * (n))

// UARTs follow each other by 4 KB, their interrupts, received and writable, by two.
#define UART(n, offset) REG(SOC_UART_BASE + 0x1000 * (n) + (offset))
#define DATA(n)         UART(n, 0x0)
#define STATE(n)        UART(n, 0x4)
#define CTRL(n)         UART(n, 0x8)
#define INTCLEAR(n)     UART(n, 0xC)
#define BAUDDIV(n)      UART(n, 0x10)
#define IRQ(n)          (SOC_UART_IRQ + 2 * (n))

#define WATCHDOG_LOAD  REG(SOC_WATCHDOG_BASE + 0x0)
#define WATCHDOG_CTRL  REG(SOC_WATCHDOG_BASE + 0x8)
#define WATCHDOG_CLEAR REG(SOC_WATCHDOG_BASE + 0xC)
#define WATCHDOG_LOCK  REG(SOC_WATCHDOG_BASE + 0xC00)
#define WATCHDOG_KEY   0x1ACCE551u

#define STATE_TX_FULL    1u
#define STATE_RX_FULL    2u
#define STATE_RX_OVERRUN 8u
#define CTRL_TX          1u
#define CTRL_RX          2u
#define CTRL_TX_NOTIFIES 4u
#define CTRL_RECEIVING   (CTRL_TX | CTRL_RX | 8u)
#define INT_TX           1u
#define INT_RX           2u
#define BAUD             115200u

static void start_uart(unsigned n) {
    BAUDDIV(n) = SOC_CORE_HZ / BAUD;
    CTRL(n) = CTRL_RECEIVING;
    for (unsigned irq = IRQ(n); irq <= IRQ(n) + 1; irq++) {
        NVIC_ISER(irq / 32) = 1u << irq % 32;
    }
}

static int receive(unsigned n) {
    // Cleared first: a byte that comes after the look raises it again.
    INTCLEAR(n) = INT_RX;
    if (!(STATE(n) & STATE_RX_FULL)) {
        return -1;
    }
    // What was lost in an overrun the frame's checksum finds.
    STATE(n) = STATE_RX_OVERRUN;
    return (int)(DATA(n) & 0xFF);
}

static bool transmit(unsigned n, uint8_t byte) {
    if (STATE(n) & STATE_TX_FULL) {
        return false;
    }
    DATA(n) = byte;
    return true;
}

void soc_init(void) {
    start_uart(PORT_LINK_UART);
#ifdef PORT_CONSOLE_UART
    start_uart(PORT_CONSOLE_UART);
#endif
    arch_start_tick(SOC_CORE_HZ);
}

int soc_uart_read(void) {
    return receive(PORT_LINK_UART);
}

bool soc_uart_write(uint8_t byte) {
    return transmit(PORT_LINK_UART, byte);
}

void soc_uart_notify_writable(bool on) {
    INTCLEAR(PORT_LINK_UART) = INT_TX;
    CTRL(PORT_LINK_UART) = on ? CTRL_RECEIVING | CTRL_TX_NOTIFIES : CTRL_RECEIVING;
    if (on && !(STATE(PORT_LINK_UART) & STATE_TX_FULL)) {
        // It became free before it was asked to tell.
        unsigned irq = IRQ(PORT_LINK_UART) + 1;
        NVIC_ISPR(irq / 32) = 1u << irq % 32;
    }
}

#ifdef PORT_CONSOLE_UART
int soc_console_read(void) {
    return receive(PORT_CONSOLE_UART);
}

bool soc_console_write(uint8_t byte) {
    return transmit(PORT_CONSOLE_UART, byte);
}
#endif

_Noreturn void soc_reset(void) {
    arch_reset();
}

// At half the time the watchdog raises the NMI, which reports and restarts; left alone it pulls the reset itself.
void soc_watchdog_start(uint32_t timeout_ms) {
    WATCHDOG_LOCK = WATCHDOG_KEY;
    WATCHDOG_LOAD = SOC_WATCHDOG_HZ / 1000u * (timeout_ms / 2);
    WATCHDOG_CTRL = 3;
    WATCHDOG_LOCK = 0;
}

void soc_watchdog_feed(void) {
    WATCHDOG_LOCK = WATCHDOG_KEY;
    WATCHDOG_CLEAR = 1;
    WATCHDOG_LOCK = 0;
}

size_t soc_entropy(uint8_t *out, size_t room) {
    (void)out;
    (void)room;
    return 0;
}

const char *soc_reset_cause(void) {
    return 0;
}
