// SPDX-License-Identifier: Apache-2.0
#include "store/flash.h"

#include <string.h>

bool flash_blank(const struct motet_flash *flash, uint32_t at, uint32_t length) {
    const uint8_t *bytes = flash->map + at, *end = bytes + length;
    while (bytes < end && ((uintptr_t)bytes & 3 || end - bytes < 4)) {
        if (*bytes++ != 0xFF) {
            return false;
        }
    }
    // Sectors are large, so the rest goes by words.
    for (; end - bytes >= 4; bytes += 4) {
        if (*(const uint32_t *)(const void *)bytes != 0xFFFFFFFFu) {
            return false;
        }
    }
    return bytes == end || flash_blank(flash, (uint32_t)(bytes - flash->map), (uint32_t)(end - bytes));
}

bool flash_erase(struct motet_flash *flash, uint32_t at, uint32_t length) {
    if (flash_blank(flash, at, length)) {
        return true;
    }
    return flash->do_erase(flash, at, length) == 0 && flash_blank(flash, at, length);
}

static bool program(struct motet_flash *flash, uint32_t at, const uint8_t *data, uint32_t length) {
    return flash->do_program(flash, at, data, length) == 0 && memcmp(flash->map + at, data, length) == 0;
}

bool flash_write(struct motet_flash *flash, uint32_t at, const void *data, uint32_t length) {
    uint8_t unit[FLASH_UNIT_MAX];
    uint32_t rest = length & (flash->program - 1), whole = length - rest;
    if (whole && !program(flash, at, data, whole)) {
        return false;
    }
    if (rest == 0) {
        return true;
    }
    memset(unit, 0xFF, sizeof unit);
    memcpy(unit, (const uint8_t *)data + whole, rest);
    return program(flash, at + whole, unit, flash->program);
}

bool flash_sync(struct motet_flash *flash) {
    return flash->do_sync == NULL || flash->do_sync(flash) == 0;
}
