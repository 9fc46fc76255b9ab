// SPDX-License-Identifier: Apache-2.0
// The flash driver of the STM32F4 against a model of the flash controller's registers (ST RM0090 §3.9), and the whole
// store on top of both. Whatever the manual forbids ends the program: registers written while locked, a word programmed
// without PG or while busy, a wrong parallelism, a start without SER.
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "flash/bus.h"
#include "flash/port_flash.h"

#define BASE   0x08000000u
#define ACR    0x40023C00u
#define KEYR   0x40023C04u
#define SR     0x40023C0Cu
#define CR     0x40023C10u
#define LOCK   (1u << 31)
#define START  (1u << 16)
#define BUSY   (1u << 16)
#define SER    2u
#define PG     1u
#define PSIZE  (3u << 8)
#define WRPERR (1u << 4)

static uint8_t memory[FLASH_SIZE];
static uint32_t acr = 7u << 8 | 5u, cr = LOCK, sr, keys, busy, cache_resets, erased_sectors, words;
static int present = 1;
static uint32_t protected_sector = 99;

static void erase_sector(uint32_t sector) {
    static const uint32_t start[] = {0x0,     0x4000,  0x8000,  0xC000,  0x10000, 0x20000, 0x40000,
                                     0x60000, 0x80000, 0xA0000, 0xC0000, 0xE0000, 0x100000};
    assert(sector < 12);
    if (sector == protected_sector) {
        sr |= WRPERR;
        return;
    }
    memset(memory + start[sector], 0xFF, start[sector + 1] - start[sector]);
    erased_sectors |= 1u << sector;
}

static void write_cr(uint32_t value) {
    assert(!(cr & LOCK) && !busy);
    cr = value & ~START;
    if (value & START) {
        assert(value & SER && !(value & PG) && (value & PSIZE) == 2u << 8);
        erase_sector(value >> 3 & 15);
        busy = 3;
    }
}

static void write_word(uint32_t address, uint32_t value) {
    assert(!(cr & LOCK) && !busy && cr & PG && (cr & PSIZE) == 2u << 8 && address % 4 == 0);
    uint8_t *to = memory + (address - BASE);
    for (uint32_t i = 0; i < 4; i++) {
        to[i] &= (uint8_t)(value >> 8 * i);
    }
    words++;
    busy = 2;
}

uint32_t bus_read32(uint32_t address) {
    if (!present) {
        return 0;
    }
    if (address == SR) {
        uint32_t now = sr | (busy ? BUSY : 0);
        busy -= busy > 0;
        return now;
    }
    return address == CR ? cr : address == ACR ? acr : 0;
}

void bus_write32(uint32_t address, uint32_t value) {
    if (!present) {
        return;
    }
    if (address == KEYR) {
        cr = keys == 0x45670123u && value == 0xCDEF89ABu ? cr & ~LOCK : cr;
        keys = value;
    } else if (address == SR) {
        sr &= ~value;
    } else if (address == CR) {
        write_cr(value);
    } else if (address == ACR) {
        // The data cache may only be reset while it is off.
        assert(!(value & 1u << 12) || !(value & 1u << 10));
        cache_resets += value >> 12 & 1;
        acr = value;
    } else {
        write_word(address, value);
    }
}

uint32_t bus_address(const uint8_t *map) {
    return (uint32_t)(map - memory) + BASE;
}

static void use_store(struct motet_flash *flash) {
    const struct store_layout layout = {{FLASH_VALUES_AT, FLASH_VALUES_SIZE, FLASH_VALUES_ERASE},
                                        {FLASH_ARTIFACTS_AT, FLASH_ARTIFACTS_SIZE, FLASH_ARTIFACTS_ERASE}};
    struct store store;
    struct store_text space = {"n", 1}, value = {memory, 100};
    assert(store_mount(&store, flash, &layout, "stm32f405") == STORE_OK);
    for (uint32_t i = 0; i < 2000; i++) {
        char key = (char)('a' + i % 7);
        value.length = i % 100;
        assert(store_put(&store, space, (struct store_text){&key, 1}, value, 0) == STORE_OK);
    }
    uint32_t number;
    const uint8_t *data;
    static uint8_t artifact[200000];
    memset(artifact, 0x5A, sizeof artifact);
    assert(store_begin(&store, sizeof artifact, &number) == STORE_OK);
    for (uint32_t at = 0; at < sizeof artifact; at += 400) {
        assert(store_write(&store, number, at, artifact + at, 400) == STORE_OK);
    }
    assert(store_finish(&store, number, &data) == STORE_OK && memcmp(data, artifact, sizeof artifact) == 0);
    assert(store_mount(&store, flash, &layout, "stm32f405") == STORE_OK);
}

int main(void) {
    struct motet_flash flash = {.map = memory, .size = FLASH_SIZE, .erase = FLASH_ERASE, .program = FLASH_PROGRAM};
    memset(memory, 0, sizeof memory);
    present = 0;
    assert(!port_flash_open(&flash));
    present = 1;
    assert(port_flash_open(&flash) && cr & LOCK);
    // What a factory or another program left there is erased; the image and the selector stay.
    for (uint32_t sector = 0; sector < 12; sector++) {
        uint32_t at = sector < 4 ? sector * 0x4000u : sector == 4 ? 0x10000u : (sector - 4) * 0x20000u;
        uint32_t size = sector < 4 ? 0x4000u : sector == 4 ? 0x10000u : 0x20000u;
        erased_sectors = 0;
        assert(flash.do_erase(&flash, at, size) == 0 && erased_sectors == 1u << sector && cr & LOCK);
    }
    erased_sectors = 0;
    assert(flash.do_erase(&flash, 0x10000, 0x70000) == 0 && erased_sectors == 0xF0);
    protected_sector = 8;
    assert(flash.do_erase(&flash, 0x80000, 0x20000) != 0 && cr & LOCK);
    protected_sector = 99;
    erased_sectors = 0;
    use_store(&flash);
    assert(!(erased_sectors & 0xF1) && cr & LOCK && cache_resets > 0);
    printf("{\"words\": %u, \"sectors\": %u}\n", words, erased_sectors);
    return 0;
}
