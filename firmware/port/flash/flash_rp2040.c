// SPDX-License-Identifier: Apache-2.0
// The SPI flash of an RP2040 through the pico-sdk (hardware_flash), which runs the ROM's functions from RAM and flushes
// the cache. Interrupts are masked meanwhile: some 50 ms for a sector. The second core must not run from flash; it is
// not used.
#include "port_flash.h"

#include <string.h>

#include "hardware/flash.h"
#include "hardware/sync.h"

static int erase(struct motet_flash *flash, uint32_t at, uint32_t length) {
    for (uint32_t done = 0; done < length; done += flash->erase) {
        uint32_t state = save_and_disable_interrupts();
        flash_range_erase(at + done, flash->erase);
        restore_interrupts(state);
    }
    return 0;
}

// The part programs a page at once; bytes of ones leave what is there as it is.
static int program(struct motet_flash *flash, uint32_t at, const uint8_t *data, uint32_t length) {
    uint8_t page[FLASH_PAGE_SIZE];
    (void)flash;
    for (uint32_t done = 0, part; done < length; done += part) {
        uint32_t inside = (at + done) % FLASH_PAGE_SIZE, room = FLASH_PAGE_SIZE - inside;
        part = length - done < room ? length - done : room;
        memset(page, 0xFF, sizeof page);
        memcpy(page + inside, data + done, part);
        uint32_t state = save_and_disable_interrupts();
        flash_range_program(at + done - inside, page, sizeof page);
        restore_interrupts(state);
    }
    return 0;
}

bool port_flash_open(struct motet_flash *flash) {
    flash->do_erase = erase;
    flash->do_program = program;
    return true;
}
