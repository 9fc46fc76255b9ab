// SPDX-License-Identifier: Apache-2.0
// Cortex-M: start-up, time from SysTick, stack guard by the MPU, fault entry. Armv7-M Architecture Reference Manual
// (DDI 0403).

#include "arch/arch.h"
#include "fault.h"
#include "port.h"
#include "soc/soc.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define SYST_CSR     REG(0xE000E010)
#define SYST_RVR     REG(0xE000E014)
#define SYST_CVR     REG(0xE000E018)
#define SCB_ICSR     REG(0xE000ED04)
#define SCB_VTOR     REG(0xE000ED08)
#define SCB_AIRCR    REG(0xE000ED0C)
#define SCB_CFSR     REG(0xE000ED28)
#define SCB_MMFAR    REG(0xE000ED34)
#define SCB_BFAR     REG(0xE000ED38)
#define SCB_CPACR    REG(0xE000ED88)
#define MPU_TYPE     REG(0xE000ED90)
#define MPU_CTRL     REG(0xE000ED94)
#define MPU_RBAR     REG(0xE000ED9C)
#define MPU_RASR     REG(0xE000EDA0)

#define ICSR_PENDSTSET (1u << 26)
#define CFSR_MSTKERR   (1u << 4)
#define CFSR_STKOF     (1u << 20)
#define CFSR_MMARVALID (1u << 7)
#define CFSR_BFARVALID (1u << 15)
// Chips whose watchdog warns before it bites do so by the interrupt that cannot be masked.
#define EXCEPTION_NMI 2u

extern uint32_t _data_load, _data_start, _data_end, _bss_start, _bss_end;
extern uint32_t _stack_top, _stack_guard, _handler_stack_top, _ram_start, _ram_length;

static volatile uint64_t tick_count;
static uint32_t clock_hz;

// Everything runs on the process stack from here on; handlers keep the main stack, which a runaway thread cannot reach.
static void __attribute__((naked, noreturn)) run_on_process_stack(void) {
    __asm volatile("ldr r0, =_stack_top\n msr psp, r0\n movs r0, #2\n msr control, r0\n isb\n bl main\n b .");
}

extern const void *const vectors[16 + 96];

_Noreturn void Reset_Handler(void) {
    // Where the image is not at the start of the flash, what started it had vectors of its own.
    SCB_VTOR = (uint32_t)vectors;
#if __ARM_FP
    SCB_CPACR |= 0xFu << 20;
    __asm volatile("dsb\n isb");
#endif
    for (uint32_t *from = &_data_load, *to = &_data_start; to < &_data_end;) {
        *to++ = *from++;
    }
    for (uint32_t *to = &_bss_start; to < &_bss_end;) {
        *to++ = 0;
    }
    run_on_process_stack();
}

#if __ARM_ARCH >= 8
// The core itself compares; regions of its MPU cannot forbid reading. Armv8-M Architecture Reference Manual (DDI 0553).
void arch_guard_stack(void) {
    __asm volatile("msr psplim, %0" ::"r"((uint32_t)&_stack_guard + 256));
}
#else
void arch_guard_stack(void) {
    if (!(MPU_TYPE >> 8 & 0xFF)) {
        return;
    }
    // 256 bytes without access and without execution; the rest keeps the default map. Fault handlers ignore the MPU.
    MPU_RBAR = (uint32_t)&_stack_guard | 1u << 4;
    MPU_RASR = 1u << 28 | 7u << 1 | 1u;
    MPU_CTRL = 1u << 2 | 1u;
    __asm volatile("dsb\n isb");
}
#endif

_Noreturn void arch_reset(void) {
    __asm volatile("dsb" ::: "memory");
    SCB_AIRCR = 0x05FA0004;
    for (;;) {
    }
}

void arch_start_tick(uint32_t hz) {
    clock_hz = hz;
    SYST_RVR = hz / PORT_TICK_HZ - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
}

static void on_systick(void) {
    tick_count++;
    port_on_tick();
}

// Ticks since boot, and in `into_tick` the cycles since the last one.
static uint64_t snapshot(uint32_t *into_tick) {
    uint32_t state = arch_lock();
    uint32_t left = SYST_CVR;
    uint64_t ticks = tick_count;
    if (SCB_ICSR & ICSR_PENDSTSET) {
        // The counter wrapped, but the handler has not run yet.
        left = SYST_CVR;
        ticks++;
    }
    arch_unlock(state);
    *into_tick = clock_hz / PORT_TICK_HZ - 1 - left;
    return ticks;
}

uint64_t arch_cycles(void) {
    uint32_t into_tick;
    return snapshot(&into_tick) * (clock_hz / PORT_TICK_HZ) + into_tick;
}

uint32_t arch_cycles_hz(void) {
    return clock_hz;
}

uint64_t arch_time_us(void) {
    uint32_t into_tick;
    return snapshot(&into_tick) * (1000000u / PORT_TICK_HZ) + into_tick / (clock_hz / 1000000u);
}

uint32_t arch_time_ms(void) {
    uint32_t into_tick;
    return (uint32_t)snapshot(&into_tick) * (1000u / PORT_TICK_HZ) + into_tick / (clock_hz / 1000u);
}

static uint32_t fault_address(uint32_t cfsr) {
    return cfsr & CFSR_MMARVALID ? SCB_MMFAR : cfsr & CFSR_BFARVALID ? SCB_BFAR : 0;
}

// What the core pushed: r0-r3, r12, lr, pc, xPSR. A stack pointer that leads out of RAM must not be followed: a fault
// in the fault handler stops the core for good.
static const uint32_t *checked(const uint32_t *frame) {
    static const uint32_t none[8];
    return (uint32_t)frame - (uint32_t)&_ram_start <= (uint32_t)&_ram_length - sizeof none ? frame : none;
}

uint32_t arch_interrupted_pc(void) {
    uint32_t frame;
    __asm volatile("mrs %0, psp" : "=r"(frame));
    return checked((const uint32_t *)frame)[6];
}

static bool is_watchdog(void) {
    uint32_t exception;
    __asm volatile("mrs %0, ipsr" : "=r"(exception));
    return exception == EXCEPTION_NMI;
}

static _Noreturn __attribute__((used)) void on_fault(const uint32_t *pushed) {
    const uint32_t *frame = checked(pushed);
    if (is_watchdog()) {
        fault_hang(frame[6]);
    }
    uint32_t cfsr = SCB_CFSR;
    uint32_t address = fault_address(cfsr);
    const struct fault_field fields[] = {{"pc", frame[6]}, {"lr", frame[5]}, {"cfsr", cfsr}, {"addr", address}};
    // An interrupt that finds no room for its frame leaves no address, and a frame without meaning.
    bool overflow = cfsr & (CFSR_MSTKERR | CFSR_STKOF) || address - (uint32_t)&_stack_guard < 256;
    fault_report("HARDFAULT", fields, 4, overflow ? "stack overflow" : 0);
}

static void __attribute__((naked)) fault_entry(void) {
    __asm volatile(
        "tst lr, #4\n ite eq\n mrseq r0, msp\n mrsne r0, psp\n ldr r1, =_handler_stack_top\n mov sp, r1\n b on_fault");
}

static void on_interrupt(void) {
    port_on_uart();
#ifdef PORT_CONSOLE_UART
    port_on_console();
#endif
}

// Only the UARTs' interrupts are ever enabled in the NVIC, so every external vector may be the same.
__attribute__((section(".vectors"), used)) const void *const vectors[16 + 96] = {
    &_handler_stack_top,
    Reset_Handler,
    fault_entry,
    fault_entry,
    fault_entry,
    fault_entry,
    fault_entry,
    fault_entry,
    fault_entry,
    fault_entry,
    fault_entry,
    fault_entry,
    fault_entry,
    fault_entry,
    fault_entry,
    on_systick,
    [16 ... 16 + 95] = on_interrupt,
};
