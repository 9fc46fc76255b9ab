// SPDX-License-Identifier: Apache-2.0
// The sections whose entries hold lengths: function bodies, table elements, data (Core 1.0, sections 5.5.12 to 5.5.14).
#include "private.h"

#define SECTION_ELEMENT 9
#define SECTION_CODE    10
#define SECTION_DATA    11
#define OP_END          0x0b
#define OP_GLOBAL_GET   0x23
#define OP_I32_CONST    0x41

typedef bool (*check_entry)(const uint8_t **at, const uint8_t *end);

// A length and so many bytes.
static bool skip_bytes(const uint8_t **at, const uint8_t *end) {
    uint32_t length;
    if (!motet_wasm_leb(at, end, &length) || length > (size_t)(end - *at)) {
        return false;
    }
    *at += length;
    return true;
}

static bool check_body(const uint8_t **at, const uint8_t *end) {
    return *at < end && **at != 0 && skip_bytes(at, end);
}

// Where a segment goes: table or memory zero, and one constant or global as the offset.
static bool check_offset(const uint8_t **at, const uint8_t *end) {
    uint32_t space;
    if (!motet_wasm_leb(at, end, &space) || space != 0 || *at == end) {
        return false;
    }
    uint8_t operation = *(*at)++;
    if (operation != OP_I32_CONST && operation != OP_GLOBAL_GET) {
        return false;
    }
    for (unsigned digits = 1; *at < end && digits <= 5; digits++) {
        if (*(*at)++ < 0x80) {
            return *at < end && *(*at)++ == OP_END;
        }
    }
    return false;
}

static bool check_element(const uint8_t **at, const uint8_t *end) {
    uint32_t count, function;
    if (!check_offset(at, end) || !motet_wasm_leb(at, end, &count)) {
        return false;
    }
    while (count-- > 0) {
        if (!motet_wasm_leb(at, end, &function)) {
            return false;
        }
    }
    return true;
}

static bool check_data(const uint8_t **at, const uint8_t *end) {
    return check_offset(at, end) && skip_bytes(at, end);
}

// A number of entries that fill the section exactly.
static bool check_all(const uint8_t *at, const uint8_t *end, check_entry check) {
    uint32_t count;
    if (!motet_wasm_leb(&at, end, &count)) {
        return false;
    }
    while (count-- > 0) {
        if (!check(&at, end)) {
            return false;
        }
    }
    return at == end;
}

const char *motet_wasm_check_entries(uint8_t section, const uint8_t *at, const uint8_t *end) {
    if (section == SECTION_ELEMENT && !check_all(at, end, check_element)) {
        return "a table segment is cut off or unsupported";
    }
    if (section == SECTION_CODE && !check_all(at, end, check_body)) {
        return "a function body is cut off";
    }
    if (section == SECTION_DATA && !check_all(at, end, check_data)) {
        return "a data segment is cut off or unsupported";
    }
    return NULL;
}
