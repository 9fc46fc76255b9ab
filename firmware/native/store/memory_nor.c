// SPDX-License-Identifier: Apache-2.0
#include "store/memory_nor.h"

#include <string.h>

// The memory is the driver's own; only readers see it through a constant pointer.
static uint8_t *writable(struct motet_flash *flash, uint32_t at) {
    return (uint8_t *)(uintptr_t)(flash->map + at);
}

static int erase(struct motet_flash *flash, uint32_t at, uint32_t length) {
    memset(writable(flash, at), 0xFF, length);
    return 0;
}

static int program(struct motet_flash *flash, uint32_t at, const uint8_t *data, uint32_t length) {
    uint8_t *to = writable(flash, at);
    for (uint32_t i = 0; i < length; i++) {
        to[i] &= data[i];
    }
    return 0;
}

void memory_nor_init(struct motet_flash *flash, void *memory, uint32_t size, uint32_t erase_size, uint32_t unit) {
    memset(flash, 0, sizeof *flash);
    flash->map = memory;
    flash->size = size;
    flash->erase = erase_size;
    flash->program = unit;
    flash->do_erase = erase;
    flash->do_program = program;
}
