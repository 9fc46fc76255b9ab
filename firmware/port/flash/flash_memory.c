// SPDX-License-Identifier: Apache-2.0
// Memory in the place of flash: a machine of an emulator that has none, whose RAM is a file. What NOR flash does not
// allow is not allowed here either (store/memory_nor.c).
#include "port_flash.h"
#include "store/memory_nor.h"

bool port_flash_open(struct motet_flash *flash) {
    memory_nor_init(flash, (void *)FLASH_BASE, FLASH_SIZE, FLASH_ERASE, FLASH_PROGRAM);
    return true;
}
