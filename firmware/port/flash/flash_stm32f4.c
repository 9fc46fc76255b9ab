// SPDX-License-Identifier: Apache-2.0
// The STM32F405/407's own flash. ST RM0090 §3: unlock by two keys, erase by sector, program by words of 32 bits. While
// either goes on the processor waits at its next fetch from flash: a sector takes one to two seconds, in which the UART
// loses what it receives; the link sends it again. No part of this kind has run this yet.
//
// Emulators: QEMU has no flash controller, which shows as a lock that does not close; the device then keeps nothing.
#include "port_flash.h"

#include "flash/bus.h"

#define FLASH_ACR  0x40023C00u
#define FLASH_KEYR 0x40023C04u
#define FLASH_SR   0x40023C0Cu
#define FLASH_CR   0x40023C10u
#define KEY1       0x45670123u
#define KEY2       0xCDEF89ABu
#define ACR_DCEN   (1u << 10)
#define ACR_DCRST  (1u << 12)
#define SR_BUSY    (1u << 16)
#define SR_END     1u
// Operation, write protection, alignment, parallelism, sequence.
#define SR_ERRORS    0xF2u
#define CR_PROGRAM   1u
#define CR_ERASE     (1u << 1)
#define CR_SECTOR(n) ((uint32_t)(n) << 3)
// Words of 32 bits at a time, for supplies from 2.7 V on.
#define CR_WORDS (2u << 8)
#define CR_START (1u << 16)
#define CR_LOCK  (1u << 31)
#define SMALL    0x4000u
#define MEDIUM   0x10000u
#define LARGE    0x20000u
// A look takes several cycles: more than ten seconds at 168 MHz.
#define MOST_LOOKS 400000000u

// Four sectors of 16 KB, one of 64 KB, then 128 KB each.
static uint32_t sector_of(uint32_t at) {
    return at < 4 * SMALL ? at / SMALL : at < LARGE ? 4 : 4 + at / LARGE;
}

static uint32_t size_of(uint32_t sector) {
    return sector < 4 ? SMALL : sector == 4 ? MEDIUM : LARGE;
}

static bool unlock(void) {
    if (bus_read32(FLASH_CR) & CR_LOCK) {
        bus_write32(FLASH_KEYR, KEY1);
        bus_write32(FLASH_KEYR, KEY2);
    }
    bus_write32(FLASH_SR, SR_ERRORS | SR_END);
    return !(bus_read32(FLASH_CR) & CR_LOCK);
}

static void lock(void) {
    bus_write32(FLASH_CR, CR_LOCK);
}

static int finish(void) {
    uint32_t looks = MOST_LOOKS, status = bus_read32(FLASH_SR);
    while (status & SR_BUSY && --looks) {
        status = bus_read32(FLASH_SR);
    }
    return looks == 0 || (status & SR_ERRORS) != 0;
}

// What the data cache holds of the flash may be older than the flash.
static void forget_cache(void) {
    uint32_t acr = bus_read32(FLASH_ACR);
    bus_write32(FLASH_ACR, acr & ~ACR_DCEN);
    bus_write32(FLASH_ACR, (acr & ~ACR_DCEN) | ACR_DCRST);
    bus_write32(FLASH_ACR, acr & ~ACR_DCRST);
}

static int erase(struct motet_flash *flash, uint32_t at, uint32_t length) {
    int failed = !unlock();
    (void)flash;
    for (uint32_t end = at + length; at < end && !failed; at += size_of(sector_of(at))) {
        bus_write32(FLASH_CR, CR_WORDS | CR_ERASE | CR_SECTOR(sector_of(at)));
        bus_write32(FLASH_CR, CR_WORDS | CR_ERASE | CR_SECTOR(sector_of(at)) | CR_START);
        failed = finish();
    }
    lock();
    forget_cache();
    return failed;
}

static int program(struct motet_flash *flash, uint32_t at, const uint8_t *data, uint32_t length) {
    int failed = !unlock();
    bus_write32(FLASH_CR, CR_WORDS | CR_PROGRAM);
    for (uint32_t i = 0; i < length && !failed; i += 4) {
        uint32_t value =
            (uint32_t)data[i] | (uint32_t)data[i + 1] << 8 | (uint32_t)data[i + 2] << 16 | (uint32_t)data[i + 3] << 24;
        if (value != 0xFFFFFFFFu) {
            bus_write32(bus_address(flash->map) + at + i, value);
            failed = finish();
        }
    }
    lock();
    forget_cache();
    return failed;
}

bool port_flash_open(struct motet_flash *flash) {
    flash->do_erase = erase;
    flash->do_program = program;
    bool opens = unlock();
    lock();
    return opens && bus_read32(FLASH_CR) & CR_LOCK;
}
