// SPDX-License-Identifier: Apache-2.0
// Start-up, semihosting console and SysTick of any Cortex-M under QEMU.
#include "board.h"

extern uint32_t data_load, data_start, data_end, bss_start, bss_end, stack_top;

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SYST_CSR          REGISTER(0xE000E010)
#define SYST_RVR          REGISTER(0xE000E014)
#define SYST_CVR          REGISTER(0xE000E018)
#define CCR               REGISTER(0xE000ED14)
#define CPACR             REGISTER(0xE000ED88)

enum { ENABLE = 1, TICKINT = 2, CPU_CLOCK = 4, PERIOD = 1 << 24, UNALIGN_TRP = 1 << 3 };
enum { SYS_WRITE0 = 4, SYS_EXIT = 0x18, APPLICATION_EXIT = 0x20026, RUN_TIME_ERROR = 0x20023 };

static volatile uint32_t wraps; // of SysTick, which has 24 bits

static void semihosting(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

void print_text(const char *text) {
    semihosting(SYS_WRITE0, text);
}

uint64_t ticks(void) {
    uint32_t before, left;
    do {
        before = wraps;
        left = SYST_CVR;
    } while (before != wraps);
    return (uint64_t)before * PERIOD + ((0 - left) & (PERIOD - 1));
}

static void systick(void) {
    wraps++;
}

__attribute__((noreturn)) static void stop(uint32_t reason) {
    semihosting(SYS_EXIT, (const void *)reason);
    for (;;) {
    }
}

void reset(void) {
#if __ARM_ARCH > 6
    CPACR |= 0xF << 20; // the FPU and the vectors, where there are any
#endif
#ifdef __ARM_FEATURE_UNALIGNED
    CCR &= ~(uint32_t)UNALIGN_TRP;
#else
    CCR |= UNALIGN_TRP;
#endif
    for (uint32_t *from = &data_load, *to = &data_start; to < &data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &bss_start; to < &bss_end;) {
        *to++ = 0;
    }
    SYST_RVR = PERIOD - 1;
    SYST_CVR = 0;
    SYST_CSR = ENABLE | TICKINT | CPU_CLOCK;
    stop(main() == 0 ? APPLICATION_EXIT : RUN_TIME_ERROR);
}

static void fault(void) {
    print_text("error fault\n");
    stop(RUN_TIME_ERROR);
}

__attribute__((section(".vectors"), used)) static void *const vectors[] = {
    &stack_top, reset, fault, fault, fault, fault, fault, fault,
    fault,      fault, fault, fault, fault, fault, fault, systick};
