// SPDX-License-Identifier: Apache-2.0
// Plain memory that behaves as NOR flash: a file mapped into memory, RAM that an emulator backs with a file, or RAM
// that is simply lost at power-off.
#ifndef MOTET_STORE_MEMORY_NOR_H
#define MOTET_STORE_MEMORY_NOR_H

#include "store/flash.h"

// `memory` has `size` bytes and outlives `flash`; its content stays as it is.
void memory_nor_init(struct motet_flash *flash, void *memory, uint32_t size, uint32_t erase, uint32_t program);

#endif
