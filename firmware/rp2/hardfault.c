// SPDX-License-Identifier: Apache-2.0
// A fault of the RP2040's Cortex-M0+: reported and remembered as on Motet's own port, then the chip starts over.
// Armv6-M has no registers that tell the cause.
#include <stdint.h>

#include "../port/fault.h"

#define RAM_START 0x20000000u
#define RAM_END   0x20042000u
#define FRAME     32u

// What the core pushed: r0-r3, r12, lr, pc, xPSR; zeros when the stack pointer leads out of RAM.
static const uint32_t *checked(const uint32_t *frame) {
    static const uint32_t none[8];
    return (uint32_t)frame - RAM_START <= RAM_END - RAM_START - FRAME ? frame : none;
}

_Noreturn __attribute__((used)) void motet_rp2_on_fault(const uint32_t *pushed) {
    const uint32_t *frame = checked(pushed);
    const struct fault_field fields[] = {{"pc", frame[6]}, {"lr", frame[5]}, {"psr", frame[7]}};
    fault_report("HARDFAULT", fields, 3, 0);
}

// Takes the place of the SDK's handler, which waits for a debugger. One stack serves all: the report starts at its top
// anew.
__attribute__((naked)) void HardFault_Handler(void) {
    __asm volatile("mrs r0, msp\n ldr r1, =__StackTop\n mov sp, r1\n bl motet_rp2_on_fault");
}
