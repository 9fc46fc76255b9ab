// SPDX-License-Identifier: Apache-2.0
// The outline of a binary module (WebAssembly Core 1.0, section 5.5): what wasm3 takes on trust on 32-bit
// machines, where its sums of pointer and length wrap, is checked here before wasm3 sees the bytes.
#include "private.h"

#define HEADER_SIZE        8
#define SECTION_CODE       10
#define SECTION_DATA_COUNT 12

bool motet_wasm_leb(const uint8_t **at, const uint8_t *end, uint32_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 35 && *at < end; shift += 7) {
        uint8_t byte = *(*at)++;
        *value |= (uint32_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return shift < 28 || byte < 0x10;
        }
    }
    return false;
}

// Move past one section; its contents end at *at.
static bool next_section(const uint8_t **at, const uint8_t *end, uint8_t *id, const uint8_t **contents) {
    uint32_t length;
    if (*at == end) {
        return false;
    }
    *id = *(*at)++;
    if (!motet_wasm_leb(at, end, &length) || length > (size_t)(end - *at)) {
        return false;
    }
    *contents = *at;
    *at += length;
    return true;
}

bool motet_wasm_section(const uint8_t *code, const uint8_t *code_end, uint8_t wanted, const uint8_t **begin,
                        const uint8_t **end) {
    const uint8_t *at = code + HEADER_SIZE;
    uint8_t id;
    while (next_section(&at, code_end, &id, begin)) {
        *end = at;
        if (id == wanted) {
            return true;
        }
    }
    return false;
}

// Sections other than custom ones appear once, in the order of their ids; the data count stands before the
// code.
static unsigned rank(uint8_t id) {
    return id == SECTION_DATA_COUNT ? 2 * SECTION_CODE - 1 : 2u * id;
}

static const char *check_sections(const uint8_t *at, const uint8_t *end) {
    unsigned previous = 0;
    while (at < end) {
        const uint8_t *contents;
        uint8_t id;
        if (!next_section(&at, end, &id, &contents)) {
            return "a section is cut off";
        }
        if (id > SECTION_DATA_COUNT || (id != 0 && rank(id) <= previous)) {
            return "the sections are out of order";
        }
        const char *error = motet_wasm_check_entries(id, contents, at);
        if (error != NULL) {
            return error;
        }
        previous = id == 0 ? previous : rank(id);
    }
    return NULL;
}

const char *motet_wasm_check(const uint8_t *code, const uint8_t *end) {
    static const uint8_t header[HEADER_SIZE] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    if (end - code < HEADER_SIZE || memcmp(code, header, HEADER_SIZE) != 0) {
        return "not a WebAssembly module";
    }
    return check_sections(code + HEADER_SIZE, end);
}
