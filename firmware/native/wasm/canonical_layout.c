// SPDX-License-Identifier: Apache-2.0
// Sizes, places and core types of values: Canonical ABI, "Alignment", "Element Size", "Flattening".
#include "canonical_private.h"

#define MAX_SIZE 65535u

static const char too_large[] = "a type is larger than 65535 bytes";

const struct motet_abi_type *motet_abi_primitive(unsigned kind) {
#define PRIMITIVE(kind, bytes, shape) [kind] = {shape, kind, bytes, 1, 0, 0, 0, false, false, bytes, 0, 0}
    static const struct motet_abi_type primitives[MOTET_ABI_FIRST] = {
        [MOTET_ABI_NONE] = {.align = 1},
        PRIMITIVE(MOTET_ABI_BOOL, 1, SHAPE_I32),
        PRIMITIVE(MOTET_ABI_S8, 1, SHAPE_I32),
        PRIMITIVE(MOTET_ABI_U8, 1, SHAPE_I32),
        PRIMITIVE(MOTET_ABI_S16, 2, SHAPE_I32),
        PRIMITIVE(MOTET_ABI_U16, 2, SHAPE_I32),
        PRIMITIVE(MOTET_ABI_S32, 4, SHAPE_I32),
        PRIMITIVE(MOTET_ABI_U32, 4, SHAPE_I32),
        PRIMITIVE(MOTET_ABI_S64, 8, SHAPE_I64),
        PRIMITIVE(MOTET_ABI_U64, 8, SHAPE_I64),
        PRIMITIVE(MOTET_ABI_F32, 4, SHAPE_F32),
        PRIMITIVE(MOTET_ABI_F64, 8, SHAPE_F64),
        PRIMITIVE(MOTET_ABI_CHAR, 4, SHAPE_I32),
        [MOTET_ABI_STRING] = {.kind = MOTET_ABI_STRING, .align = 4, .flat = 2, .owns = true, .size = 8},
    };
    return &primitives[kind];
}

static uint32_t align_up(uint32_t value, uint32_t align) {
    return (value + align - 1) & ~(align - 1);
}

static void inherit(struct motet_abi_type *type, const struct motet_abi_type *part) {
    type->align = part->align > type->align ? part->align : type->align;
    type->depth = part->depth >= type->depth ? (uint8_t)(part->depth + 1) : type->depth;
    type->owns = type->owns || part->owns;
}

// Core types of `part` behind the `at` that are there already.
static uint32_t shifted(const struct motet_abi_type *part, unsigned at) {
    return at < MOTET_ABI_MAX_FLAT_PARAMS ? part->shape << (2 * at) : 0;
}

static const char *lay_out_fields(const struct motet_abi_types *types, struct motet_abi_type *type) {
    uint32_t size = 0;
    unsigned flat = 0;
    for (unsigned i = 0; i < type->count; i++) {
        const struct motet_abi_type *part = motet_abi_member_type(types, type->first + i);
        inherit(type, part);
        size = align_up(size, part->align);
        types->members[type->first + i].offset = (uint16_t)size;
        size += part->size;
        type->shape |= shifted(part, flat);
        flat += part->flat;
        if (size > MAX_SIZE) {
            return too_large;
        }
    }
    type->size = (uint16_t)align_up(size, type->align);
    type->flat = flat > UINT8_MAX ? UINT8_MAX : (uint8_t)flat;
    return align_up(size, type->align) > MAX_SIZE ? too_large : NULL;
}

// The core types that hold either of two payloads.
static uint32_t join(uint32_t a, unsigned a_count, uint32_t b, unsigned b_count) {
    uint32_t joined = 0;
    for (unsigned i = 0; i < MOTET_ABI_MAX_FLAT_PARAMS && (i < a_count || i < b_count); i++) {
        uint32_t left = i < a_count ? a >> (2 * i) & 3 : b >> (2 * i) & 3;
        uint32_t right = i < b_count ? b >> (2 * i) & 3 : left;
        bool narrow = (left == SHAPE_I32 && right == SHAPE_F32) || (left == SHAPE_F32 && right == SHAPE_I32);
        joined |= (left == right ? left : narrow ? (uint32_t)SHAPE_I32 : (uint32_t)SHAPE_I64) << (2 * i);
    }
    return joined;
}

static uint8_t discriminant_size(unsigned cases) {
    return cases <= 256 ? 1 : 2;
}

static const char *lay_out_cases(const struct motet_abi_types *types, struct motet_abi_type *type) {
    uint32_t size = 0, shape = 0;
    unsigned flat = 0;
    uint8_t align = 1;
    for (unsigned i = 0; i < type->count; i++) {
        const struct motet_abi_type *part = motet_abi_member_type(types, type->first + i);
        inherit(type, part);
        align = part->align > align ? part->align : align;
        size = part->size > size ? part->size : size;
        shape = join(shape, flat, part->shape, part->flat);
        flat = part->flat > flat ? part->flat : flat;
    }
    type->discriminant = discriminant_size(type->count);
    type->align = type->align > type->discriminant ? type->align : type->discriminant;
    type->payload = (uint8_t)align_up(type->discriminant, align);
    type->shape = shape << 2;
    type->flat = flat >= UINT8_MAX ? UINT8_MAX : (uint8_t)(flat + 1);
    size = align_up(type->payload + size, type->align);
    type->size = (uint16_t)size;
    return size > MAX_SIZE ? too_large : NULL;
}

static const char *lay_out_flags(struct motet_abi_type *type) {
    if (type->count > MOTET_ABI_MAX_FLAGS) {
        return "flags have more than 32 names";
    }
    type->discriminant = type->count <= 8 ? 1 : type->count <= 16 ? 2 : 4;
    type->align = type->discriminant;
    type->size = type->discriminant;
    type->flat = 1;
    return NULL;
}

static void lay_out_list(const struct motet_abi_types *types, struct motet_abi_type *type) {
    inherit(type, motet_abi_type(types, type->first));
    type->align = 4;
    type->size = 8;
    type->flat = 2;
    type->owns = true;
}

const char *motet_abi_lay_out(const struct motet_abi_types *types, struct motet_abi_type *type) {
    switch (type->kind) {
    case MOTET_ABI_LIST:
        lay_out_list(types, type);
        return NULL;
    case MOTET_ABI_RECORD:
    case MOTET_ABI_TUPLE:
        return lay_out_fields(types, type);
    case MOTET_ABI_FLAGS:
        return lay_out_flags(type);
    default:
        return lay_out_cases(types, type);
    }
}
