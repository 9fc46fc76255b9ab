// SPDX-License-Identifier: Apache-2.0
// Start-up, console and counter of QEMU's RISC-V machine "virt". Under -icount the cycle counter counts instructions.
#include "board.h"

extern uint32_t data_load, data_start, data_end, bss_start, bss_end;

#define UART   (*(volatile uint8_t *)0x10000000)
#define FINISH (*(volatile uint32_t *)0x100000)

enum { PASS = 0x5555, FAIL = 0x13333 };

void print_text(const char *text) {
    while (*text) {
        UART = (uint8_t)*text++; // the emulated one takes it at once
    }
}

uint64_t ticks(void) {
    uint32_t high, low, again;
    do {
        __asm volatile("csrr %0, mcycleh\n csrr %1, mcycle\n csrr %2, mcycleh" : "=r"(high), "=r"(low), "=r"(again));
    } while (high != again);
    return (uint64_t)high << 32 | low;
}

__attribute__((noreturn)) static void stop(uint32_t code) {
    for (;;) {
        FINISH = code;
    }
}

__attribute__((used)) static void start(void) {
    for (uint32_t *from = &data_load, *to = &data_start; to < &data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &bss_start; to < &bss_end;) {
        *to++ = 0;
    }
    stop(main() == 0 ? PASS : FAIL);
}

__attribute__((used, aligned(4))) static void fault(void) {
    print_text("error fault\n");
    stop(FAIL);
}

__attribute__((naked, used, section(".vectors"))) void reset(void) {
    __asm volatile(".option push\n"
                   ".option norelax\n"
                   "la sp, stack_top\n"
                   "la t0, fault\n"
                   "csrw mtvec, t0\n"
                   "j start\n"
                   ".option pop\n");
}
