// SPDX-License-Identifier: Apache-2.0
// NOR flash as the store sees it: readable through the memory map, programmed from ones to zeros, erased by the sector.
#ifndef MOTET_STORE_FLASH_H
#define MOTET_STORE_FLASH_H

#include <stdbool.h>
#include <stdint.h>

// The largest program unit the store handles, in bytes.
#define FLASH_UNIT_MAX 16u

// A driver fills this in. Offsets count from `map`. While an operation runs nobody reads the map; when it returns the
// map shows the result. Both operations answer 0, or anything else when the part reports a failure: the store reads
// back what it wrote in any case.
struct motet_flash {
    const uint8_t *map;
    uint32_t size;    // bytes behind `map`
    uint32_t erase;   // smallest sector, bytes; a region may have larger ones (store_region)
    uint32_t program; // bytes programmed at once: a power of two up to FLASH_UNIT_MAX; each unit once per erase
    // Erases `length` bytes at `at`: one whole sector of a region, or several of the smallest that make one up.
    int (*do_erase)(struct motet_flash *flash, uint32_t at, uint32_t length);
    // Programs whole units in ascending order. A unit that is all ones is left alone.
    int (*do_program)(struct motet_flash *flash, uint32_t at, const uint8_t *data, uint32_t length);
    // Returns once all of it would outlive a loss of power; NULL where that is so when an operation returns.
    int (*do_sync)(struct motet_flash *flash);
};

// A part of the flash with sectors of one size.
struct store_region {
    uint32_t at, size, erase;
};

bool flash_blank(const struct motet_flash *flash, uint32_t at, uint32_t length);
// Erases unless blank already, and looks. False: the sector is worn out, or its power is gone.
bool flash_erase(struct motet_flash *flash, uint32_t at, uint32_t length);
// Programs and compares; the last unit is filled up with ones.
bool flash_write(struct motet_flash *flash, uint32_t at, const void *data, uint32_t length);
bool flash_sync(struct motet_flash *flash);

#endif
