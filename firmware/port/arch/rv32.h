// SPDX-License-Identifier: Apache-2.0
// Between an RV32 core's traps and whoever serves its interrupts.
#ifndef MOTET_RV32_H
#define MOTET_RV32_H

#include <stdbool.h>

#include "arch/arch.h"

#if RV32_VECTORED
// Bit 0: vectored mode.
#define RV32_TRAP_VECTOR "trap_vectors + 1"
#else
#define RV32_TRAP_VECTOR "trap_entry"
#endif

// Serves interrupt `number` of mcause; false: nobody here knows it.
bool rv32_on_interrupt(uint32_t number);

// The chip's part where an interrupt controller stands before the core (rv32_clint.c calls it).
void soc_on_external(void);

#endif
