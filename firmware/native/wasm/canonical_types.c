// SPDX-License-Identifier: Apache-2.0
// Reading a type descriptor; docs/components.md has its form.
#include "canonical_private.h"

#include <string.h>

#include "private.h"

#define MAX_SIZE 65535u // places in it are numbers of 16 bits

struct reader {
    struct motet_abi_types *types;
    const uint8_t *at, *end;
    uint32_t next_member;
    unsigned known; // types that may be referred to
};

static const char cut_off[] = "the type descriptor is cut off";
static const char bad_reference[] = "the type descriptor refers to a type that does not stand before";

static bool read_number(struct reader *reader, uint32_t *number) {
    return motet_wasm_leb(&reader->at, reader->end, number);
}

// A name is a byte with its length and so many characters without spaces.
static bool read_name(struct reader *reader, uint16_t *name) {
    const uint8_t *at = reader->at;
    if (at == reader->end || *at == 0 || *at >= reader->end - at) {
        return false;
    }
    *name = (uint16_t)(at - reader->types->data);
    reader->at = at + 1 + *at;
    while (++at < reader->at) {
        if (*at <= ' ' || *at > '~') {
            return false;
        }
    }
    return true;
}

static const char *read_reference(struct reader *reader, bool may_be_none, uint16_t *number) {
    uint32_t value;
    if (!read_number(reader, &value)) {
        return cut_off;
    }
    bool known = value <= MOTET_ABI_STRING ? value != MOTET_ABI_NONE || may_be_none
                                           : value >= MOTET_ABI_FIRST && value - MOTET_ABI_FIRST < reader->known;
    *number = (uint16_t)value;
    return known ? NULL : bad_reference;
}

// `count` members: each with a name, with a type, or with both.
static const char *read_members(struct reader *reader, struct motet_abi_type *type, uint32_t count, bool named,
                                bool typed) {
    struct motet_abi_types *types = reader->types;
    if (count > types->member_count - reader->next_member) {
        return "the type descriptor has more members than it says";
    }
    type->first = (uint16_t)reader->next_member;
    type->count = (uint16_t)count;
    for (; count > 0; count--) {
        struct motet_abi_member *member = &types->members[reader->next_member++];
        memset(member, 0, sizeof *member);
        if (named && !read_name(reader, &member->name)) {
            return "a name in the type descriptor is cut off or no name";
        }
        bool may_be_none = type->kind == MOTET_ABI_VARIANT || type->kind == MOTET_ABI_RESULT;
        const char *error = typed ? read_reference(reader, may_be_none, &member->type) : NULL;
        if (error != NULL) {
            return error;
        }
    }
    return NULL;
}

static const char *read_list(struct reader *reader, struct motet_abi_type *type) {
    return read_reference(reader, false, &type->first);
}

static const char *read_option(struct reader *reader, struct motet_abi_type *type) {
    // Its absence has a member, too, so that it is laid out as the variant it is.
    if (reader->next_member == reader->types->member_count) {
        return "the type descriptor has more members than it says";
    }
    memset(&reader->types->members[reader->next_member++], 0, sizeof(struct motet_abi_member));
    const char *error = read_members(reader, type, 1, false, true);
    if (error == NULL) {
        type->first--;
        type->count = 2;
        type->nullable = !motet_abi_member_type(reader->types, type->first + 1u)->nullable;
    }
    return error;
}

static const char *read_contents(struct reader *reader, struct motet_abi_type *type) {
    uint32_t count = 2;
    if (type->kind == MOTET_ABI_LIST) {
        return read_list(reader, type);
    }
    if (type->kind == MOTET_ABI_OPTION) {
        return read_option(reader, type);
    }
    if (type->kind != MOTET_ABI_RESULT && (!read_number(reader, &count) || count == 0)) {
        return "a type without members, or cut off";
    }
    bool named = type->kind != MOTET_ABI_TUPLE && type->kind != MOTET_ABI_RESULT;
    bool typed = type->kind != MOTET_ABI_ENUM && type->kind != MOTET_ABI_FLAGS;
    return read_members(reader, type, count, named, typed);
}

static const char *read_type(struct reader *reader, struct motet_abi_type *type) {
    memset(type, 0, sizeof *type);
    if (reader->at == reader->end) {
        return cut_off;
    }
    type->kind = *reader->at++;
    type->align = 1;
    type->depth = 1;
    if (type->kind < MOTET_ABI_LIST || type->kind > MOTET_ABI_FLAGS) {
        return "a type of unknown kind";
    }
    const char *error = read_contents(reader, type);
    if (error == NULL) {
        error = motet_abi_lay_out(reader->types, type);
    }
    return error == NULL && type->depth > MOTET_ABI_MAX_DEPTH ? "types are nested deeper than 12" : error;
}

static const char *read_function(struct reader *reader, struct motet_abi_function *function) {
    uint32_t count;
    memset(function, 0, sizeof *function);
    function->params.kind = MOTET_ABI_RECORD;
    function->params.align = 1;
    if (!read_name(reader, &function->name) || !read_number(reader, &count)) {
        return cut_off;
    }
    const char *error = read_members(reader, &function->params, count, true, true);
    if (error == NULL) {
        error = motet_abi_lay_out(reader->types, &function->params);
    }
    return error == NULL ? read_reference(reader, true, &function->result) : error;
}

const char *motet_abi_measure(struct motet_abi_types *types, const uint8_t *data, size_t size) {
    struct reader reader = {types, data + 1, data + size, 0, 0};
    uint32_t counts[3];
    if (size == 0 || data[0] != MOTET_ABI_VERSION) {
        return "not a type descriptor of version 1";
    }
    for (unsigned i = 0; i < 3; i++) {
        // Each takes at least a byte, so the arrays are no larger than the descriptor allows.
        if (!read_number(&reader, &counts[i]) || counts[i] > size) {
            return cut_off;
        }
    }
    if (size > MAX_SIZE) {
        return "the type descriptor is larger than 65535 bytes";
    }
    types->data = data;
    types->type_count = (uint16_t)counts[0];
    types->member_count = (uint16_t)counts[1];
    types->function_count = (uint16_t)counts[2];
    return NULL;
}

static const char *read_all(struct reader *reader) {
    struct motet_abi_types *types = reader->types;
    const char *error = NULL;
    for (; error == NULL && reader->known < types->type_count; reader->known++) {
        error = read_type(reader, &types->types[reader->known]);
    }
    for (unsigned i = 0; error == NULL && i < types->function_count; i++) {
        error = read_function(reader, &types->functions[i]);
    }
    return error;
}

const char *motet_abi_compile(struct motet_abi_types *types, size_t size) {
    struct reader reader = {types, types->data + 1, types->data + size, 0, 0};
    uint32_t ignored;
    for (unsigned i = 0; i < 3; i++) {
        read_number(&reader, &ignored);
    }
    const char *error = read_all(&reader);
    if (error == NULL && (reader.at != reader.end || reader.next_member != types->member_count)) {
        error = "the type descriptor holds more than it says";
    }
    return error;
}

const struct motet_abi_function *motet_abi_find(const struct motet_abi_types *types, const char *name, size_t length) {
    for (unsigned i = 0; i < types->function_count; i++) {
        size_t found;
        const char *text = motet_abi_name(types, types->functions[i].name, &found);
        if (found == length && memcmp(text, name, length) == 0) {
            return &types->functions[i];
        }
    }
    return NULL;
}
