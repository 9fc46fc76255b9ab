// SPDX-License-Identifier: Apache-2.0
// What the RP2040's boot ROM does for firmware, for emulators that have none of it (its code is not ours to ship).
// Enough for the Pico SDK and MicroPython; no USB boot loader. RP2040 datasheet, section 2.8.
#include <stddef.h>
#include <stdint.h>

#define FLASH 0x10000000u

void boot(void) {
    // The emulator starts the flash's second stage itself; the ROM does when the reset vector is taken.
    ((void (*)(void))(FLASH | 1u))();
}

void nothing(void) {
}

// Tables hold pairs of a code and a 16-bit address and end with code 0.
void *lookup(const uint16_t *table, uint32_t code) {
    for (; *table; table += 2) {
        if (*table == (uint16_t)code) {
            return (void *)(uintptr_t)table[1];
        }
    }
    return NULL;
}

uint32_t popcount32(uint32_t value) {
    uint32_t count = 0;
    for (; value; value &= value - 1) {
        count++;
    }
    return count;
}

uint32_t reverse32(uint32_t value) {
    uint32_t reversed = 0;
    for (int bit = 0; bit < 32; bit++, value >>= 1) {
        reversed = reversed << 1 | (value & 1u);
    }
    return reversed;
}

uint32_t clz32(uint32_t value) {
    uint32_t count = 0;
    for (; count < 32 && !(value >> 31); count++) {
        value <<= 1;
    }
    return count;
}

uint32_t ctz32(uint32_t value) {
    uint32_t count = 0;
    for (; count < 32 && !(value & 1u); count++) {
        value >>= 1;
    }
    return count;
}

// Volatile: the compiler must not make calls of memset and memcpy from these, which are here.
uint8_t *set_bytes(uint8_t *to, uint32_t value, uint32_t count) {
    volatile uint8_t *at = to;
    // Callers pass an int as memset takes it: only its low byte counts.
    uint32_t byte = value & 0xFFu;
    for (; count && (uintptr_t)at & 3u; count--) {
        *at++ = (uint8_t)byte;
    }
    for (; count >= 4; count -= 4, at += 4) {
        *(volatile uint32_t *)at = byte * 0x01010101u;
    }
    while (count--) {
        *at++ = (uint8_t)byte;
    }
    return to;
}

uint8_t *copy_bytes(uint8_t *to, const uint8_t *from, uint32_t count) {
    volatile uint8_t *at = to;
    if (!(((uintptr_t)to | (uintptr_t)from) & 3u)) {
        for (; count >= 4; count -= 4, at += 4, from += 4) {
            *(volatile uint32_t *)at = *(const uint32_t *)from;
        }
    }
    while (count--) {
        *at++ = *from++;
    }
    return to;
}

// The emulator lets stores from here reach the flash.
void flash_erase(uint32_t offset, size_t count, uint32_t block_size, uint8_t block_command) {
    (void)block_size;
    (void)block_command;
    for (size_t i = 0; i < count; i += 4) {
        volatile uint32_t *word = (volatile uint32_t *)(FLASH + offset + i);
        if (*word != UINT32_MAX) {
            *word = UINT32_MAX;
        }
    }
}

// Programming clears bits; only erasing sets them.
void flash_program(uint32_t offset, const uint8_t *data, size_t count) {
    for (size_t i = 0; i < count; i += 4) {
        uint32_t word =
            data[i] | (uint32_t)data[i + 1] << 8 | (uint32_t)data[i + 2] << 16 | (uint32_t)data[i + 3] << 24;
        *(volatile uint32_t *)(FLASH + offset + i) &= word;
    }
}
