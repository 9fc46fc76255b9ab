// SPDX-License-Identifier: Apache-2.0
// Values of the guest are told to the host: Canonical ABI, "Loading" and "Flat Lifting".
//
// Everything the guest says is checked before it is used.
#include "canonical_private.h"

#include <string.h>

static const struct motet_abi_sink *sink(const struct motet_abi_call *call) {
    return &call->guest->binding->sink;
}

static const char *told(bool good) {
    return good ? NULL : motet_wasm_host_failed;
}

// The next flat value, or `size` bytes in memory. Memory may have moved since they were checked: a sink's allocation
// may run finalisers of the host's, and those the guest. It never shrinks.
static uint64_t take(struct motet_abi_call *call, unsigned size, uint32_t address) {
    uint64_t bits = 0;
    size_t length;
    const uint8_t *from = call->slot != NULL ? (const uint8_t *)call->slot++
                                             : motet_wasm_memory(call->guest->instance, &length) + address;
    memcpy(&bits, from, size);
    return bits;
}

static const char *lift_real(struct motet_abi_call *call, unsigned kind, uint64_t bits) {
    double real;
    float single;
    if (kind == MOTET_ABI_F32) {
        memcpy(&single, &bits, sizeof single);
        real = (double)single;
    } else {
        memcpy(&real, &bits, sizeof real);
    }
    real = real != real ? (double)__builtin_nan("") : real;
    if (call->guest->json && real - real != 0) {
        return motet_abi_problem(call, "not a finite number, which JSON cannot carry");
    }
    return told(sink(call)->real(call->to, real));
}

static const char *lift_char(struct motet_abi_call *call, uint32_t code) {
    char text[4];
    size_t length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return motet_abi_broken(call, "its result holds a number that is no character");
    }
    for (size_t i = length; i-- > 1; code >>= 6) {
        text[i] = (char)(0x80 | (code & 0x3f));
    }
    text[0] = (char)(length == 1 ? code : (0xf00u >> length & 0xff) | code);
    return told(sink(call)->text(call->to, text, length));
}

static const char *lift_scalar(struct motet_abi_call *call, const struct motet_abi_type *type, uint64_t bits) {
    switch (type->kind) {
    case MOTET_ABI_BOOL:
        return told(sink(call)->boolean(call->to, bits != 0));
    case MOTET_ABI_S8:
        return told(sink(call)->integer(call->to, (uint64_t)(int64_t)(int8_t)bits, true));
    case MOTET_ABI_S16:
        return told(sink(call)->integer(call->to, (uint64_t)(int64_t)(int16_t)bits, true));
    case MOTET_ABI_S32:
        return told(sink(call)->integer(call->to, (uint64_t)(int64_t)(int32_t)bits, true));
    case MOTET_ABI_S64:
        return told(sink(call)->integer(call->to, bits, true));
    case MOTET_ABI_F32:
    case MOTET_ABI_F64:
        return lift_real(call, type->kind, bits);
    case MOTET_ABI_CHAR:
        return lift_char(call, (uint32_t)bits);
    case MOTET_ABI_U8:
        return told(sink(call)->integer(call->to, (uint8_t)bits, false));
    case MOTET_ABI_U16:
        return told(sink(call)->integer(call->to, (uint16_t)bits, false));
    default:
        return told(sink(call)->integer(call->to, bits, false));
    }
}

// Address and length of a string or a list, whose bytes must lie inside of memory.
static const char *take_span(struct motet_abi_call *call, uint32_t place, uint32_t align, unsigned each,
                             uint32_t *address, uint32_t *count) {
    *address = (uint32_t)take(call, 4, place);
    *count = (uint32_t)take(call, 4, place + 4);
    uint64_t bytes = (uint64_t)*count * each;
    const char *error = motet_abi_check_span(call, *address, align, bytes);
    call->used += bytes;
    if (error == NULL && call->used > call->length + MOTET_ABI_SLACK) {
        error = motet_abi_broken(call, "its result is larger than its memory");
    }
    return error;
}

static const char *lift_string(struct motet_abi_call *call, uint32_t place) {
    uint32_t address, length;
    const char *error = take_span(call, place, 1, 1, &address, &length);
    if (error != NULL) {
        return error;
    }
    if (!motet_abi_is_utf8(call->memory + address, length)) {
        return motet_abi_broken(call, "its result holds text that is not UTF-8");
    }
    return told(sink(call)->text(call->to, (const char *)call->memory + address, length));
}

static const char *lift_list(struct motet_abi_call *call, const struct motet_abi_type *type, uint32_t place) {
    const struct motet_abi_type *element = motet_abi_type(call->guest->types, type->first);
    uint32_t address, count;
    const char *error = take_span(call, place, element->align, element->size, &address, &count);
    if (error == NULL && element->kind == MOTET_ABI_U8 && !call->guest->json) {
        return told(sink(call)->bytes(call->to, call->memory + address, count));
    }
    if (error == NULL) {
        error = told(sink(call)->begin(call->to, MOTET_ABI_LIST, count));
    }
    uint64_t *slot = call->slot;
    call->slot = NULL;
    for (uint32_t i = 0; error == NULL && i < count; i++, address += element->size) {
        motet_abi_enter(call, NULL, i);
        error = motet_abi_lift(call, type->first, address);
        call->depth -= error == NULL;
    }
    call->slot = slot;
    return error == NULL ? told(sink(call)->end(call->to)) : error;
}

const char *motet_abi_lift_fields(struct motet_abi_call *call, const struct motet_abi_type *type, uint32_t address) {
    const struct motet_abi_member *member = call->guest->types->members + type->first;
    bool named = type->kind == MOTET_ABI_RECORD;
    bool as_list = !named && call->guest->json;
    const char *error = told(sink(call)->begin(call->to, as_list ? MOTET_ABI_LIST : type->kind, type->count));
    for (size_t i = 0; error == NULL && i < type->count; i++, member++) {
        motet_abi_enter(call, named ? member : NULL, i);
        if (!named || sink(call)->key(call->to, member->key)) {
            error = motet_abi_lift(call, member->type, address + member->offset);
        } else {
            error = motet_wasm_host_failed;
        }
        call->depth -= error == NULL;
    }
    return error == NULL ? told(sink(call)->end(call->to)) : error;
}

static const char *lift_tagged(struct motet_abi_call *call, const struct motet_abi_type *type, unsigned index,
                               uint32_t address) {
    const struct motet_abi_binding *binding = call->guest->binding;
    unsigned payload = call->guest->types->members[type->first + index].type;
    const struct motet_abi_sink *to = sink(call);
    if (!to->begin(call->to, MOTET_ABI_VARIANT, payload == MOTET_ABI_NONE ? 1 : 2) ||
        !to->key(call->to, binding->tag) || !to->word(call->to, motet_abi_case(call, type, index))) {
        return motet_wasm_host_failed;
    }
    if (payload != MOTET_ABI_NONE) {
        motet_abi_enter(call, NULL, MOTET_ABI_PAYLOAD);
        const char *error = to->key(call->to, binding->val) ? motet_abi_lift(call, payload, address + type->payload)
                                                            : motet_wasm_host_failed;
        if (error != NULL) {
            return error;
        }
        call->depth--;
    }
    return told(to->end(call->to));
}

static const char *lift_case(struct motet_abi_call *call, const struct motet_abi_type *type, uint32_t address) {
    uint64_t *after = call->slot == NULL ? NULL : call->slot + type->flat;
    uint32_t index = (uint32_t)take(call, call->slot == NULL ? type->discriminant : 4, address);
    const char *error;
    if (index >= type->count) {
        return motet_abi_broken(call, "its result has a discriminant out of range");
    }
    if (type->kind == MOTET_ABI_ENUM) {
        error = told(sink(call)->word(call->to, motet_abi_case(call, type, index)));
    } else if (!type->nullable) {
        error = lift_tagged(call, type, index, address);
    } else if (index == 0) {
        error = told(sink(call)->null(call->to));
    } else {
        error = motet_abi_lift(call, call->guest->types->members[type->first + 1].type, address + type->payload);
    }
    if (call->slot != NULL) {
        call->slot = after;
    }
    return error;
}

// Bits beyond the names mean nothing.
static const char *lift_flags(struct motet_abi_call *call, const struct motet_abi_type *type, uint32_t address) {
    const struct motet_abi_member *member = call->guest->types->members + type->first;
    uint32_t bits = (uint32_t)take(call, type->discriminant, address);
    uint32_t known = type->count == 32 ? bits : bits & ((1u << type->count) - 1);
    bool good = sink(call)->begin(call->to, MOTET_ABI_LIST, (size_t)__builtin_popcount(known));
    for (unsigned i = 0; good && i < type->count; i++, member++) {
        good = (known >> i & 1) == 0 || sink(call)->word(call->to, member->key);
    }
    return told(good && sink(call)->end(call->to));
}

const char *motet_abi_lift(struct motet_abi_call *call, unsigned number, uint32_t address) {
    const struct motet_abi_type *type = motet_abi_type(call->guest->types, number);
    switch (type->kind) {
    case MOTET_ABI_STRING:
        return lift_string(call, address);
    case MOTET_ABI_LIST:
        return lift_list(call, type, address);
    case MOTET_ABI_RECORD:
    case MOTET_ABI_TUPLE:
        return motet_abi_lift_fields(call, type, address);
    case MOTET_ABI_VARIANT:
    case MOTET_ABI_ENUM:
    case MOTET_ABI_OPTION:
    case MOTET_ABI_RESULT:
        return lift_case(call, type, address);
    case MOTET_ABI_FLAGS:
        return lift_flags(call, type, address);
    default:
        // A flat truth value has all of its 32 bits.
        return lift_scalar(call, type, take(call, call->slot != NULL && type->size < 4 ? 4 : type->size, address));
    }
}
