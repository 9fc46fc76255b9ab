// SPDX-License-Identifier: Apache-2.0
// STM32F405/407: UART 0 is USART1 on PA9/PA10, UART 1 is USART2 on PA2/PA3, both at 115200 baud; 168 MHz from the
// board's crystal. ST RM0090.
//
// Emulators know no clock tree (RCC reads as 0) and run SysTick at the full 168 MHz; real silicon never reads 0 there.

#include "arch/arch.h"
#include "soc/soc.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define FLASH_ACR    REG(0x40023C00)
#define RCC_CR       REG(0x40023800)
#define RCC_PLLCFGR  REG(0x40023804)
#define RCC_CFGR     REG(0x40023808)
#define RCC_AHB1ENR  REG(0x40023830)
#define RCC_AHB2ENR  REG(0x40023834)
#define RCC_APB1ENR  REG(0x40023840)
#define RCC_APB2ENR  REG(0x40023844)
#define RCC_CSR      REG(0x40023874)
#define GPIOA_MODER  REG(0x40020000)
#define GPIOA_PUPDR  REG(0x4002000C)
#define GPIOA_AFRL   REG(0x40020020)
#define GPIOA_AFRH   REG(0x40020024)
#define RNG_CR       REG(0x50060800)
#define RNG_SR       REG(0x50060804)
#define RNG_DR       REG(0x50060808)
#define IWDG_KR      REG(0x40003000)
#define IWDG_PR      REG(0x40003004)
#define IWDG_RLR     REG(0x40003008)
#define NVIC_ISER1   REG(0xE000E104)

#define UART(n, offset) REG(((n) ? 0x40004400 : 0x40011000) + (offset))
#define SR(n)           UART(n, 0x0)
#define DR(n)           UART(n, 0x4)
#define BRR(n)          UART(n, 0x8)
#define CR1(n)          UART(n, 0xC)
#define IRQ(n)          (37u + (n))

#define SR_RXNE   (1u << 5)
#define SR_TXE    (1u << 7)
#define CR1_TXEIE (1u << 7)
// UE | RXNEIE | TE | RE
#define CR1_RECEIVING (1u << 13 | 1u << 5 | 1u << 3 | 1u << 2)
#define HSI_HZ        16000000u
#define FULL_HZ       168000000u
#define BAUD          115200u
#define READY_TRIES   100000u

static bool becomes(volatile uint32_t *reg, uint32_t mask, uint32_t value) {
    for (uint32_t tries = 0; tries < READY_TRIES; tries++) {
        if ((*reg & mask) == value) {
            return true;
        }
    }
    return false;
}

// HSE / (HSE in MHz) * 336 / 2 = 168 MHz; APB1 at a quarter, APB2 at half of it. False without a running crystal.
static bool start_pll(void) {
    RCC_CR |= 1u << 16;
    if (!becomes(&RCC_CR, 1u << 17, 1u << 17)) {
        return false;
    }
    FLASH_ACR = 5u | 7u << 8;
    RCC_PLLCFGR = SOC_HSE_HZ / 1000000u | 336u << 6 | 1u << 22 | 7u << 24;
    RCC_CFGR = 5u << 10 | 4u << 13;
    RCC_CR |= 1u << 24;
    if (!becomes(&RCC_CR, 1u << 25, 1u << 25)) {
        return false;
    }
    RCC_CFGR |= 2u;
    return becomes(&RCC_CFGR, 0xCu, 0x8u);
}

static uint32_t start_clocks(void) {
    if (RCC_CR == 0) {
        return FULL_HZ;
    }
    if (start_pll()) {
        return FULL_HZ;
    }
    // A board with a dead crystal still talks, slowly, from the internal oscillator.
    RCC_CFGR = 0;
    return HSI_HZ;
}

// Alternate function 7 with pull-ups on PA9/PA10 or PA2/PA3.
static void start_pins(unsigned n) {
    uint32_t shift = n ? 4 : 18;
    if (n) {
        GPIOA_AFRL = (GPIOA_AFRL & ~0xFF00u) | 0x7700u;
    } else {
        GPIOA_AFRH = (GPIOA_AFRH & ~0xFF0u) | 0x770u;
    }
    GPIOA_PUPDR = (GPIOA_PUPDR & ~(0xFu << shift)) | 0x5u << shift;
    GPIOA_MODER = (GPIOA_MODER & ~(0xFu << shift)) | 0xAu << shift;
}

static void start_uart(unsigned n, uint32_t core_hz) {
    // At full speed USART1's bus runs at half of the core's clock, USART2's at a quarter; slowly, all at the same.
    uint32_t bus_hz = core_hz == FULL_HZ ? core_hz / (n ? 4 : 2) : core_hz;
    start_pins(n);
    BRR(n) = (bus_hz + BAUD / 2) / BAUD;
    CR1(n) = CR1_RECEIVING;
    NVIC_ISER1 = 1u << (IRQ(n) - 32);
}

static int receive(unsigned n) {
    // Reading DR after SR also clears an overrun; the byte lost then is found by the frame's checksum.
    return SR(n) & (SR_RXNE | 1u << 3) ? (int)(DR(n) & 0xFF) : -1;
}

static bool transmit(unsigned n, uint8_t byte) {
    if (!(SR(n) & SR_TXE)) {
        return false;
    }
    DR(n) = byte;
    return true;
}

void soc_init(void) {
    uint32_t core_hz = start_clocks();
    RCC_AHB1ENR |= 1u;
    RCC_APB1ENR |= 1u << 17;
    RCC_APB2ENR |= 1u << 4;
    RCC_AHB2ENR |= 1u << 6;
    start_uart(PORT_LINK_UART, core_hz);
#ifdef PORT_CONSOLE_UART
    start_uart(PORT_CONSOLE_UART, core_hz);
#endif
    RNG_CR = 1u << 2;
    arch_start_tick(core_hz);
}

int soc_uart_read(void) {
    return receive(PORT_LINK_UART);
}

bool soc_uart_write(uint8_t byte) {
    return transmit(PORT_LINK_UART, byte);
}

void soc_uart_notify_writable(bool on) {
    uint32_t wanted = on ? CR1_RECEIVING | CR1_TXEIE : CR1_RECEIVING;
    if (CR1(PORT_LINK_UART) != wanted) {
        CR1(PORT_LINK_UART) = wanted;
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

#ifdef SOC_PINS
#define GPIO(pin, offset) REG(0x40020000 + ((pin) >> 4) * 0x400u + (offset))
#define MODER(pin)        GPIO(pin, 0x00)
#define IDR(pin)          GPIO(pin, 0x10)
#define BSRR(pin)         GPIO(pin, 0x18)
// Of port A: both UARTs and the debugger.
#define PINS_IN_USE (1u << 2 | 1u << 3 | 1u << 9 | 1u << 10 | 1u << 13 | 1u << 14)

bool soc_has_pins(void) {
    return RCC_CR != 0;
}

static bool is_free(unsigned pin) {
    return pin < SOC_PINS && !(pin < 16 && (PINS_IN_USE >> pin & 1u));
}

// §8.4: 0 is an input, 1 an output.
static void set_mode(unsigned pin, uint32_t mode) {
    unsigned shift = (pin & 15u) * 2u;
    RCC_AHB1ENR |= 1u << (pin >> 4);
    MODER(pin) = (MODER(pin) & ~(3u << shift)) | mode << shift;
}

int soc_pin_get(unsigned pin, bool make_input) {
    if (!is_free(pin)) {
        return -1;
    }
    if (make_input) {
        set_mode(pin, 0);
    }
    return (int)(IDR(pin) >> (pin & 15u) & 1u);
}

bool soc_pin_set(unsigned pin, bool level) {
    if (!is_free(pin)) {
        return false;
    }
    // The clock of a port must run before its registers take anything.
    RCC_AHB1ENR |= 1u << (pin >> 4);
    BSRR(pin) = 1u << ((pin & 15u) + (level ? 0u : 16u));
    set_mode(pin, 1);
    return true;
}
#endif

_Noreturn void soc_reset(void) {
    arch_reset();
}

// The independent watchdog counts at about 32 kHz / 256 and cannot be stopped again. §21.
void soc_watchdog_start(uint32_t timeout_ms) {
    IWDG_KR = 0xCCCC;
    IWDG_KR = 0x5555;
    IWDG_PR = 6;
    IWDG_RLR = timeout_ms / 8;
    soc_watchdog_feed();
}

void soc_watchdog_feed(void) {
    IWDG_KR = 0xAAAA;
}

size_t soc_entropy(uint8_t *out, size_t room) {
    size_t have = 0;
    if (RNG_CR == 0) {
        // Emulators have none.
        return 0;
    }
    while (have < room && becomes(&RNG_SR, 1u | 0x66u, 1u)) {
        for (uint32_t word = RNG_DR, left = 4; left && have < room; left--, word >>= 8) {
            out[have++] = (uint8_t)word;
        }
    }
    return have;
}

const char *soc_reset_cause(void) {
    uint32_t flags = RCC_CSR;
    RCC_CSR = flags | 1u << 24;
    if (flags & 3u << 29) {
        return "watchdog";
    }
    // After a short loss of power RAM may still hold the port's record, so the hardware's word counts. A power-on sets
    // the brown-out flag too.
    if (flags & 1u << 27) {
        return "power_on";
    }
    return flags & 1u << 25 ? "brown_out" : 0;
}
