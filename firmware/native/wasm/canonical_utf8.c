// SPDX-License-Identifier: Apache-2.0
// UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF (Unicode 15, table 3-7).
#include "canonical_private.h"

// Bytes that follow a lead byte; 0 for one that leads nothing.
static unsigned followers(uint8_t lead) {
    return lead >= 0xc2 && lead <= 0xdf ? 1 : lead >= 0xe0 && lead <= 0xef ? 2 : lead >= 0xf0 && lead <= 0xf4 ? 3 : 0;
}

// The first of them has a narrower range behind some leads.
static bool may_follow(uint8_t lead, uint8_t byte) {
    uint8_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    return byte >= least && byte <= most;
}

size_t motet_abi_utf8(const uint8_t *text, size_t length, uint32_t *code) {
    if (length == 0 || text[0] < 0x80) {
        *code = length == 0 ? 0 : text[0];
        return length != 0;
    }
    unsigned count = followers(text[0]);
    if (count == 0 || count >= length || !may_follow(text[0], text[1])) {
        return 0;
    }
    *code = text[0] & (0x3fu >> count);
    for (unsigned i = 1; i <= count; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
        *code = *code << 6 | (text[i] & 0x3fu);
    }
    return count + 1;
}

bool motet_abi_is_utf8(const uint8_t *text, size_t length) {
    while (length > 0) {
        uint32_t code;
        size_t size = *text < 0x80 ? 1 : motet_abi_utf8(text, length, &code);
        if (size == 0) {
            return false;
        }
        text += size;
        length -= size;
    }
    return true;
}
