// SPDX-License-Identifier: Apache-2.0
#ifndef MOTET_MPHALPORT_H
#define MOTET_MPHALPORT_H

#include "arch/arch.h"
#include "port.h"

#define MICROPY_BEGIN_ATOMIC_SECTION()    arch_lock()
#define MICROPY_END_ATOMIC_SECTION(state) arch_unlock(state)
#define MICROPY_INTERNAL_WFE(timeout_ms)  port_wait((int32_t)(timeout_ms))

static inline mp_uint_t mp_hal_ticks_ms(void) {
    return arch_time_ms();
}

static inline mp_uint_t mp_hal_ticks_us(void) {
    return (mp_uint_t)arch_time_us();
}

static inline mp_uint_t mp_hal_ticks_cpu(void) {
    return (mp_uint_t)arch_cycles();
}

// Since boot: the board has no clock of its own.
static inline uint64_t mp_hal_time_ns(void) {
    return arch_time_us() * 1000;
}

static inline void mp_hal_set_interrupt_char(int c) {
    (void)c;
}

#endif
