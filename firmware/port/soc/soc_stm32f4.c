// SPDX-License-Identifier: Apache-2.0
// STM32F405/407: USART1 on PA9/PA10 at 115200 baud, 168 MHz from the board's crystal. ST RM0090.
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
#define RCC_APB2ENR  REG(0x40023844)
#define RCC_CSR      REG(0x40023874)
#define GPIOA_MODER  REG(0x40020000)
#define GPIOA_PUPDR  REG(0x4002000C)
#define GPIOA_AFRH   REG(0x40020024)
#define USART1_SR    REG(0x40011000)
#define USART1_DR    REG(0x40011004)
#define USART1_BRR   REG(0x40011008)
#define USART1_CR1   REG(0x4001100C)
#define RNG_CR       REG(0x50060800)
#define RNG_SR       REG(0x50060804)
#define RNG_DR       REG(0x50060808)
#define NVIC_ISER1   REG(0xE000E104)
#define SCB_AIRCR    REG(0xE000ED0C)

#define USART1_IRQ 37u
#define SR_RXNE    (1u << 5)
#define SR_TXE     (1u << 7)
#define CR1_TXEIE  (1u << 7)
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

static void start_uart(uint32_t bus_hz) {
    GPIOA_AFRH = (GPIOA_AFRH & ~0xFF0u) | 0x770u;
    GPIOA_PUPDR = (GPIOA_PUPDR & ~(0xFu << 18)) | 0x5u << 18;
    GPIOA_MODER = (GPIOA_MODER & ~(0xFu << 18)) | 0xAu << 18;
    USART1_BRR = (bus_hz + BAUD / 2) / BAUD;
    USART1_CR1 = CR1_RECEIVING;
    NVIC_ISER1 = 1u << (USART1_IRQ - 32);
}

void soc_init(void) {
    uint32_t core_hz = start_clocks();
    RCC_AHB1ENR |= 1u;
    RCC_APB2ENR |= 1u << 4;
    RCC_AHB2ENR |= 1u << 6;
    start_uart(core_hz == FULL_HZ ? FULL_HZ / 2 : core_hz);
    RNG_CR = 1u << 2;
    arch_start_tick(core_hz);
}

int soc_uart_read(void) {
    // Reading DR after SR also clears an overrun; the byte lost then is found by the frame's checksum.
    return USART1_SR & (SR_RXNE | 1u << 3) ? (int)(USART1_DR & 0xFF) : -1;
}

bool soc_uart_write(uint8_t byte) {
    if (!(USART1_SR & SR_TXE)) {
        return false;
    }
    USART1_DR = byte;
    return true;
}

void soc_uart_notify_writable(bool on) {
    uint32_t wanted = on ? CR1_RECEIVING | CR1_TXEIE : CR1_RECEIVING;
    if (USART1_CR1 != wanted) {
        USART1_CR1 = wanted;
    }
}

_Noreturn void soc_reset(void) {
    __asm volatile("dsb" ::: "memory");
    SCB_AIRCR = 0x05FA0004;
    for (;;) {
    }
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
