// SPDX-License-Identifier: Apache-2.0
// Start-up, semihosting console and timer 0 of the CMSDK on QEMU's mps2 machines.
#include "board.h"

extern uint32_t data_load, data_start, data_end, bss_start, bss_end, stack_top;

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define TIMER_CONTROL     REGISTER(0x40000000)
#define TIMER_VALUE       REGISTER(0x40000004)
#define TIMER_RELOAD      REGISTER(0x40000008)
#define CPACR             REGISTER(0xE000ED88)

enum { SYS_WRITE0 = 4, SYS_EXIT = 0x18, APPLICATION_EXIT = 0x20026, RUN_TIME_ERROR = 0x20023 };

static void semihosting(uint32_t operation, const void *argument) {
    register uint32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = argument;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

void print_text(const char *text) {
    semihosting(SYS_WRITE0, text);
}

void print_number(const char *name, uint32_t value) {
    char digits[12];
    char *at = digits + sizeof digits;
    *--at = 0;
    *--at = '\n';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    print_text(name);
    print_text(" ");
    print_text(at);
}

uint32_t ticks(void) {
    return UINT32_MAX - TIMER_VALUE;
}

__attribute__((noreturn)) static void stop(uint32_t reason) {
    semihosting(SYS_EXIT, (const void *)reason);
    for (;;) {
    }
}

void reset(void) {
    CPACR |= 0xF << 20; // the FPU, where there is one
    for (uint32_t *from = &data_load, *to = &data_start; to < &data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &bss_start; to < &bss_end;) {
        *to++ = 0;
    }
    TIMER_RELOAD = UINT32_MAX;
    TIMER_VALUE = UINT32_MAX;
    TIMER_CONTROL = 1;
    stop(main() == 0 ? APPLICATION_EXIT : RUN_TIME_ERROR);
}

static void fault(void) {
    print_text("error hard fault\n");
    stop(RUN_TIME_ERROR);
}

__attribute__((section(".vectors"), used)) static void *const vectors[] = {&stack_top, reset, fault, fault,
                                                                           fault,      fault, fault};
