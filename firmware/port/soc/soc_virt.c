// SPDX-License-Identifier: Apache-2.0
// QEMU's RISC-V "virt" machine: NS16550 UART through the PLIC, CLINT timer, test finisher. docs/system/riscv/virt.rst.

#include "arch/arch.h"
#include "soc/soc.h"

#define REG(address)  (*(volatile uint32_t *)(address))
#define UART(offset)  (*(volatile uint8_t *)(0x10000000 + (offset)))
#define UART_DATA     UART(0)
#define UART_IER      UART(1)
#define UART_FCR      UART(2)
#define UART_IIR      UART(2)
#define UART_LCR      UART(3)
#define UART_MCR      UART(4)
#define UART_LSR      UART(5)
#define UART_IRQ      10u
#define PLIC_PRIORITY REG(0x0C000000 + 4 * UART_IRQ)
#define PLIC_ENABLE   REG(0x0C002000)
#define PLIC_LIMIT    REG(0x0C200000)
#define PLIC_CLAIM    REG(0x0C200004)
#define FINISHER      REG(0x00100000)

#define IER_RECEIVED 1u
#define IER_WRITABLE 2u
#define LSR_RECEIVED 1u
#define LSR_WRITABLE 0x20u
#define TIMER_HZ     10000000u

void soc_init(void) {
    UART_LCR = 3;
    UART_FCR = 1;
    UART_MCR = 8;
    UART_IER = IER_RECEIVED;
    PLIC_PRIORITY = 1;
    PLIC_ENABLE = 1u << UART_IRQ;
    PLIC_LIMIT = 0;
    arch_start_tick(TIMER_HZ);
}

int soc_uart_read(void) {
    return UART_LSR & LSR_RECEIVED ? UART_DATA : -1;
}

bool soc_uart_write(uint8_t byte) {
    if (!(UART_LSR & LSR_WRITABLE)) {
        return false;
    }
    UART_DATA = byte;
    return true;
}

void soc_uart_notify_writable(bool on) {
    uint8_t wanted = on ? IER_RECEIVED | IER_WRITABLE : IER_RECEIVED;
    if (UART_IER != wanted) {
        UART_IER = wanted;
    }
}

void soc_on_external(void) {
    uint32_t source = PLIC_CLAIM;
    if (source == UART_IRQ) {
        // Reading the identification acknowledges the transmitter's interrupt.
        (void)UART_IIR;
        port_on_uart();
    }
    PLIC_CLAIM = source;
}

_Noreturn void soc_reset(void) {
    FINISHER = 0x7777;
    for (;;) {
    }
}

// The machine has none: the port's tick alone watches the program.
void soc_watchdog_start(uint32_t timeout_ms) {
    (void)timeout_ms;
}

void soc_watchdog_feed(void) {
}

size_t soc_entropy(uint8_t *out, size_t room) {
    (void)out;
    (void)room;
    return 0;
}

const char *soc_reset_cause(void) {
    return 0;
}
