// SPDX-License-Identifier: Apache-2.0
// The SPI flash of an ESP32-C3 through the functions of its ROM (ESP-IDF, components/esp_rom/esp32c3/ld:
// esp32c3.rom.ld). The processor fetches its code from that same flash, so whatever runs between suspending and
// resuming the cache is in RAM, with interrupts masked: some 50 ms for a sector, in which the UART may overrun; the
// link sends again. No chip has run this yet.
#include "port_flash.h"

#include <string.h>

#include "arch/arch.h"

#define IN_RAM               __attribute__((section(".ramcode"), noinline))
#define rom_erase_sector     ((int (*)(uint32_t sector))0x40000128)
#define rom_write            ((int (*)(uint32_t at, const uint32_t *from, int32_t length))0x4000012C)
#define rom_unlock           ((int (*)(void))0x40000140)
#define rom_suspend_cache    ((uint32_t (*)(void))0x40000524)
#define rom_resume_cache     ((void (*)(uint32_t autoload))0x40000528)
#define rom_invalidate_cache ((int (*)(uint32_t address, uint32_t size))0x400004D4)
#define AS_CODE              0x42000000u
#define PIECE                64u

static IN_RAM int erase_sector(uint32_t sector) {
    uint32_t autoload = rom_suspend_cache();
    int failed = rom_erase_sector(sector);
    rom_resume_cache(autoload);
    return failed;
}

static IN_RAM int write_words(uint32_t at, const uint32_t *words, uint32_t length) {
    uint32_t autoload = rom_suspend_cache();
    int failed = rom_write(at, words, (int32_t)length);
    rom_resume_cache(autoload);
    return failed;
}

// Writes the flash's status, and until that is done it answers nothing else.
static IN_RAM int unlock(void) {
    uint32_t autoload = rom_suspend_cache();
    int failed = rom_unlock();
    rom_resume_cache(autoload);
    return failed;
}

static void forget(const struct motet_flash *flash, uint32_t at, uint32_t length) {
    rom_invalidate_cache((uint32_t)(uintptr_t)flash->map + at, length);
    rom_invalidate_cache(AS_CODE + at, length);
}

static int erase(struct motet_flash *flash, uint32_t at, uint32_t length) {
    int failed = 0;
    for (uint32_t done = 0; done < length && !failed; done += flash->erase) {
        uint32_t state = arch_lock();
        failed = erase_sector((at + done) / flash->erase);
        arch_unlock(state);
    }
    forget(flash, at, length);
    return failed;
}

static int program(struct motet_flash *flash, uint32_t at, const uint8_t *data, uint32_t length) {
    // Words of RAM, whatever the caller's bytes are aligned to.
    uint32_t words[PIECE / 4];
    int failed = 0;
    for (uint32_t done = 0; done < length && !failed; done += PIECE) {
        uint32_t part = length - done < PIECE ? length - done : PIECE;
        memcpy(words, data + done, part);
        uint32_t state = arch_lock();
        failed = write_words(at + done, words, part);
        arch_unlock(state);
    }
    forget(flash, at, length);
    return failed;
}

bool port_flash_open(struct motet_flash *flash) {
    flash->do_erase = erase;
    flash->do_program = program;
    uint32_t state = arch_lock();
    int failed = unlock();
    arch_unlock(state);
    return failed == 0;
}
