// SPDX-License-Identifier: Apache-2.0
#include "port_flash.h"

#include <stddef.h>

static struct motet_flash flash;
static bool opened;

struct motet_flash *port_flash(struct store_layout *layout) {
    *layout = (struct store_layout){
        .log = {FLASH_VALUES_AT, FLASH_VALUES_SIZE, FLASH_VALUES_ERASE},
        .slots = {FLASH_ARTIFACTS_AT, FLASH_ARTIFACTS_SIZE, FLASH_ARTIFACTS_ERASE},
    };
    if (!opened) {
        flash = (struct motet_flash){
            .map = (const uint8_t *)FLASH_BASE,
            .size = FLASH_SIZE,
            .erase = FLASH_ERASE,
            .program = FLASH_PROGRAM,
        };
        opened = port_flash_open(&flash);
    }
    return opened ? &flash : NULL;
}
