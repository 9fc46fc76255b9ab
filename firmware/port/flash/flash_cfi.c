// SPDX-License-Identifier: Apache-2.0
// NOR flash with Intel's command set (CFI, JEDEC JESD68.01; Intel StrataFlash J3 data sheet §9): two parts of 16 bits
// side by side, so that every command goes to both halves of a word. While a command runs the whole part answers with
// its status instead of its content; nothing else reads it meanwhile, because no interrupt does.
#include "port_flash.h"

#include <stddef.h>

#define BOTH(command) ((uint32_t)(command) << 16 | (command))
#define READ_ARRAY    BOTH(0xFF)
#define READ_STATUS   BOTH(0x70)
#define CLEAR_STATUS  BOTH(0x50)
#define QUERY         BOTH(0x98)
#define ERASE         BOTH(0x20)
#define ERASE_CONFIRM BOTH(0xD0)
#define PROGRAM       BOTH(0x40)
#define READY         BOTH(0x80)
// Erase, program, voltage and lock bits.
#define FAILED       BOTH(0x3A)
#define QUERY_OFFSET 0x10u
// A sector takes a second or two, a word some hundred microseconds; each look at the status takes longer than a cycle.
#define MOST_LOOKS 100000000u

static volatile uint32_t *word_at(const struct motet_flash *flash, uint32_t at) {
    return (volatile uint32_t *)((uintptr_t)flash->map + at);
}

static int finish(volatile uint32_t *word) {
    uint32_t looks = MOST_LOOKS, status = *word;
    while ((status & READY) != READY && --looks) {
        status = *word;
    }
    *word = CLEAR_STATUS;
    *word = READ_ARRAY;
    return looks == 0 || (status & FAILED) != 0;
}

static int erase(struct motet_flash *flash, uint32_t at, uint32_t length) {
    int failed = 0;
    for (uint32_t end = at + length; at < end && !failed; at += flash->erase) {
        volatile uint32_t *word = word_at(flash, at);
        *word = ERASE;
        *word = ERASE_CONFIRM;
        failed = finish(word);
    }
    return failed;
}

static int program(struct motet_flash *flash, uint32_t at, const uint8_t *data, uint32_t length) {
    int failed = 0;
    for (uint32_t i = 0; i < length && !failed; i += 4) {
        uint32_t value =
            (uint32_t)data[i] | (uint32_t)data[i + 1] << 8 | (uint32_t)data[i + 2] << 16 | (uint32_t)data[i + 3] << 24;
        volatile uint32_t *word = word_at(flash, at + i);
        if (value == 0xFFFFFFFFu) {
            continue;
        }
        *word = PROGRAM;
        *word = value;
        failed = finish(word);
    }
    return failed;
}

bool port_flash_open(struct motet_flash *flash) {
    volatile uint32_t *start = word_at(flash, 0);
    *start = READ_ARRAY;
    // Without a part there is RAM, ROM or nothing; only flash answers the query with "QRY".
    start[0x55] = QUERY;
    bool found = start[QUERY_OFFSET] == BOTH('Q') && start[QUERY_OFFSET + 1] == BOTH('R');
    *start = READ_ARRAY;
    flash->do_erase = erase;
    flash->do_program = program;
    return found;
}
