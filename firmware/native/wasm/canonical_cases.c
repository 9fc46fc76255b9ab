// SPDX-License-Identifier: Apache-2.0
// Variants, options, results, enums and flags of the host become the guest's.
#include "canonical_private.h"

#include <string.h>

// Name of case `index`: options and results have theirs from the language, not from the descriptor.
static const char *case_name(const struct motet_abi_call *call, const struct motet_abi_type *type, unsigned index,
                             size_t *length) {
    static const char *const words[] = {"none", "some", "ok", "err"};
    if (type->kind == MOTET_ABI_OPTION || type->kind == MOTET_ABI_RESULT) {
        const char *word = words[(type->kind == MOTET_ABI_RESULT ? 2 : 0) + index];
        *length = strlen(word);
        return word;
    }
    const struct motet_abi_types *types = call->guest->types;
    return motet_abi_name(types, types->members[type->first + index].name, length);
}

static enum motet_abi_answer find_case(const struct motet_abi_call *call, const struct motet_abi_type *type,
                                       motet_abi_value value, unsigned *index) {
    const char *text;
    size_t length, found;
    enum motet_abi_answer answer = motet_abi_source(call)->text(value, &text, &length);
    for (unsigned i = 0; answer == MOTET_ABI_OK && i < type->count; i++) {
        const char *name = case_name(call, type, i, &found);
        if (found == length && memcmp(name, text, length) == 0) {
            *index = i;
            return MOTET_ABI_OK;
        }
    }
    return answer == MOTET_ABI_OK ? MOTET_ABI_MISMATCH : answer;
}

// The discriminant and, when there is one, the payload. Flat values that other cases would need stay zero.
static const char *lower_chosen(struct motet_abi_call *call, const struct motet_abi_type *type, unsigned index,
                                motet_abi_value payload, uint32_t address) {
    const struct motet_abi_member *member = call->guest->types->members + type->first + index;
    uint64_t *after = call->slot == NULL ? NULL : call->slot + type->flat;
    const char *error = NULL;
    motet_abi_emit(call, index, type->discriminant, address);
    if (payload != 0) {
        error = motet_abi_lower(call, member->type, payload, address + type->payload);
    }
    if (call->slot != NULL) {
        call->slot = after;
    }
    return error;
}

const char *motet_abi_lower_absent(struct motet_abi_call *call, const struct motet_abi_type *type, uint32_t address) {
    return lower_chosen(call, type, 0, 0, address);
}

// The payload under "val", which a case without one does not have, or has as null.
static const char *lower_tagged(struct motet_abi_call *call, const struct motet_abi_type *type, unsigned index,
                                motet_abi_value record, size_t names, uint32_t address) {
    const struct motet_abi_member *member = call->guest->types->members + type->first + index;
    motet_abi_value payload = 0;
    enum motet_abi_answer answer = motet_abi_source(call)->field(record, call->guest->binding->val, &payload);
    if (answer != MOTET_ABI_OK || names != 1u + (payload != 0)) {
        motet_abi_release(call, payload);
        return motet_abi_refused(call, answer, type->kind);
    }
    bool has = payload != 0 && !(member->type == MOTET_ABI_NONE && motet_abi_source(call)->is_null(payload));
    const char *error;
    motet_abi_enter(call, NULL, MOTET_ABI_PAYLOAD);
    if (has != (member->type != MOTET_ABI_NONE)) {
        error = motet_abi_problem(call, has ? "is not known to this case" : "is required");
    } else {
        error = lower_chosen(call, type, index, has ? payload : 0, address);
    }
    call->depth -= error == NULL;
    motet_abi_release(call, payload);
    return error;
}

static const char *lower_variant(struct motet_abi_call *call, const struct motet_abi_type *type, motet_abi_value value,
                                 uint32_t address) {
    motet_abi_value tag = 0;
    size_t names;
    unsigned index = 0;
    enum motet_abi_answer answer = motet_abi_source(call)->record(value, &names);
    if (answer == MOTET_ABI_OK) {
        answer = motet_abi_source(call)->field(value, call->guest->binding->tag, &tag);
    }
    if (answer == MOTET_ABI_OK) {
        answer = tag == 0 ? MOTET_ABI_MISMATCH : find_case(call, type, tag, &index);
        motet_abi_release(call, tag);
    }
    return answer == MOTET_ABI_OK ? lower_tagged(call, type, index, value, names, address)
                                  : motet_abi_refused(call, answer, type->kind);
}

static const char *lower_enum(struct motet_abi_call *call, const struct motet_abi_type *type, motet_abi_value value,
                              uint32_t address) {
    unsigned index;
    enum motet_abi_answer answer = find_case(call, type, value, &index);
    return answer == MOTET_ABI_OK ? lower_chosen(call, type, index, 0, address)
                                  : motet_abi_refused(call, answer, MOTET_ABI_ENUM);
}

static const char *lower_flags(struct motet_abi_call *call, const struct motet_abi_type *type, motet_abi_value value,
                               uint32_t address) {
    const uint8_t *bytes = NULL;
    size_t count = 0;
    uint32_t bits = 0;
    enum motet_abi_answer answer = motet_abi_source(call)->list(value, &count, &bytes);
    if (bytes != NULL) {
        answer = MOTET_ABI_MISMATCH;
    }
    for (size_t i = 0; answer == MOTET_ABI_OK && i < count; i++) {
        motet_abi_value item;
        unsigned index = 0;
        answer = motet_abi_source(call)->item(value, i, &item);
        if (answer == MOTET_ABI_OK) {
            answer = find_case(call, type, item, &index);
            bits |= 1u << index;
            motet_abi_release(call, item);
        }
    }
    if (answer != MOTET_ABI_OK) {
        return motet_abi_refused(call, answer, MOTET_ABI_FLAGS);
    }
    motet_abi_emit(call, bits, type->discriminant, address);
    return NULL;
}

const char *motet_abi_lower_case(struct motet_abi_call *call, const struct motet_abi_type *type, motet_abi_value value,
                                 uint32_t address) {
    switch (type->kind) {
    case MOTET_ABI_ENUM:
        return lower_enum(call, type, value, address);
    case MOTET_ABI_FLAGS:
        return lower_flags(call, type, value, address);
    default:
        break;
    }
    if (type->nullable) {
        bool absent = motet_abi_source(call)->is_null(value);
        return lower_chosen(call, type, !absent, absent ? 0 : value, address);
    }
    return lower_variant(call, type, value, address);
}
