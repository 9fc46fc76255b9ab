// SPDX-License-Identifier: Apache-2.0
// Values of the host become the guest's: Canonical ABI, "Storing" and "Flat Lowering".
//
// One walk serves both forms and the rehearsal that comes first: a value that does not fit is refused before the guest
// has been asked for memory, which nobody could give back.
#include "canonical_private.h"

#include <string.h>

const char motet_abi_too_long[] = "is longer than the component's memory";

void motet_abi_release(const struct motet_abi_call *call, motet_abi_value value) {
    if (value != 0 && motet_abi_source(call)->release != NULL) {
        motet_abi_source(call)->release(value);
    }
}

// The next flat value, or `size` bytes in memory. Memory may have moved since it was allocated, but never shrinks.
void motet_abi_emit(struct motet_abi_call *call, uint64_t bits, unsigned size, uint32_t address) {
    if (call->dry) {
        return;
    }
    if (call->slot != NULL) {
        *call->slot++ = bits;
        return;
    }
    size_t length;
    memcpy(motet_wasm_memory(call->guest->instance, &length) + address, &bits, size);
}

// Room in the guest for so many bytes; their address and `count` are what stands for them.
static const char *own(struct motet_abi_call *call, uint32_t align, uint64_t bytes, uint64_t count, uint32_t address,
                       uint32_t *data) {
    call->used += bytes;
    // More than the guest may ever have would only make it trap.
    if (call->used > motet_wasm_memory_limit(call->guest->instance)) {
        return motet_abi_problem(call, motet_abi_too_long);
    }
    const char *error = call->dry ? NULL : motet_abi_allocate(call, align, bytes, data);
    if (error == NULL) {
        motet_abi_emit(call, call->dry ? 0 : *data, 4, address);
        motet_abi_emit(call, count, 4, address + 4);
    }
    return error;
}

static const char *lower_bytes(struct motet_abi_call *call, const void *bytes, size_t length, uint32_t address) {
    uint32_t data = 0;
    size_t ignored;
    const char *error = own(call, 1, length, length, address, &data);
    if (error == NULL && !call->dry && length > 0) {
        memcpy(motet_wasm_memory(call->guest->instance, &ignored) + data, bytes, length);
    }
    return error;
}

static const char *lower_string(struct motet_abi_call *call, motet_abi_value value, uint32_t address) {
    const char *text;
    size_t length;
    enum motet_abi_answer answer = motet_abi_source(call)->text(value, &text, &length);
    if (answer == MOTET_ABI_OK && !motet_abi_is_utf8((const uint8_t *)text, length)) {
        return motet_abi_expected(call, "string of Unicode characters");
    }
    return answer == MOTET_ABI_OK ? lower_bytes(call, text, length, address)
                                  : motet_abi_refused(call, answer, MOTET_ABI_STRING);
}

static const char *lower_item(struct motet_abi_call *call, unsigned number, motet_abi_value list, size_t index,
                              uint32_t address) {
    motet_abi_value item;
    motet_abi_enter(call, NULL, index);
    enum motet_abi_answer answer = motet_abi_source(call)->item(list, index, &item);
    if (answer != MOTET_ABI_OK) {
        return motet_abi_refused(call, answer, motet_abi_type(call->guest->types, number)->kind);
    }
    const char *error = motet_abi_lower(call, number, item, address);
    motet_abi_release(call, item);
    call->depth -= error == NULL;
    return error;
}

static const char *lower_list(struct motet_abi_call *call, const struct motet_abi_type *type, motet_abi_value value,
                              uint32_t address) {
    const struct motet_abi_type *element = motet_abi_type(call->guest->types, type->first);
    const uint8_t *bytes = NULL;
    size_t count;
    uint32_t data = 0;
    enum motet_abi_answer answer = motet_abi_source(call)->list(value, &count, &bytes);
    if (answer != MOTET_ABI_OK || (bytes != NULL && element->kind != MOTET_ABI_U8)) {
        return motet_abi_refused(call, answer, MOTET_ABI_LIST);
    }
    if (bytes != NULL) {
        return lower_bytes(call, bytes, count, address);
    }
    const char *error = own(call, element->align, (uint64_t)count * element->size, count, address, &data);
    uint64_t *slot = call->slot;
    call->slot = NULL;
    for (size_t i = 0; error == NULL && i < count; i++, data += element->size) {
        error = lower_item(call, type->first, value, i, data);
    }
    call->slot = slot;
    return error;
}

static const char *lower_tuple(struct motet_abi_call *call, const struct motet_abi_type *type, motet_abi_value value,
                               uint32_t address) {
    const uint8_t *bytes = NULL;
    size_t count;
    enum motet_abi_answer answer = motet_abi_source(call)->list(value, &count, &bytes);
    if (answer != MOTET_ABI_OK || bytes != NULL || count != type->count) {
        return motet_abi_refused(call, answer, MOTET_ABI_TUPLE);
    }
    const struct motet_abi_member *members = call->guest->types->members + type->first;
    const char *error = NULL;
    for (size_t i = 0; error == NULL && i < count; i++) {
        error = lower_item(call, members[i].type, value, i, address + members[i].offset);
    }
    return error;
}

// *count is one less for a name that was there; only an absent option has none.
static const char *lower_field(struct motet_abi_call *call, const struct motet_abi_member *member,
                               motet_abi_value record, uint32_t address, size_t *count) {
    const struct motet_abi_type *type = motet_abi_type(call->guest->types, member->type);
    motet_abi_value value = 0;
    enum motet_abi_answer answer = motet_abi_source(call)->field(record, member->key, &value);
    if (answer != MOTET_ABI_OK) {
        return motet_abi_refused(call, answer, type->kind);
    }
    if (value == 0) {
        return type->nullable ? motet_abi_lower_absent(call, type, address) : motet_abi_problem(call, "is required");
    }
    const char *error = motet_abi_lower(call, member->type, value, address);
    motet_abi_release(call, value);
    --*count;
    return error;
}

const char *motet_abi_lower_fields(struct motet_abi_call *call, const struct motet_abi_type *type,
                                   const motet_abi_value *values, motet_abi_value record, uint32_t address) {
    const struct motet_abi_member *member = call->guest->types->members + type->first;
    const char *error = NULL;
    size_t count = 0;
    enum motet_abi_answer answer = values != NULL ? MOTET_ABI_OK : motet_abi_source(call)->record(record, &count);
    if (answer != MOTET_ABI_OK) {
        return motet_abi_refused(call, answer, MOTET_ABI_RECORD);
    }
    for (size_t i = 0; error == NULL && i < type->count; i++, member++) {
        motet_abi_enter(call, member, i);
        error = values != NULL ? motet_abi_lower(call, member->type, values[i], address + member->offset)
                               : lower_field(call, member, record, address + member->offset, &count);
        call->depth -= error == NULL;
    }
    // The names that were not asked for are still counted.
    return error == NULL && count != 0 ? motet_abi_problem(call, "has a name that its type does not know") : error;
}

const char *motet_abi_lower(struct motet_abi_call *call, unsigned number, motet_abi_value value, uint32_t address) {
    const struct motet_abi_type *type = motet_abi_type(call->guest->types, number);
    uint64_t bits;
    const char *error;
    switch (type->kind) {
    case MOTET_ABI_STRING:
        return lower_string(call, value, address);
    case MOTET_ABI_LIST:
        return lower_list(call, type, value, address);
    case MOTET_ABI_RECORD:
        return motet_abi_lower_fields(call, type, NULL, value, address);
    case MOTET_ABI_TUPLE:
        return lower_tuple(call, type, value, address);
    case MOTET_ABI_VARIANT:
    case MOTET_ABI_ENUM:
    case MOTET_ABI_OPTION:
    case MOTET_ABI_RESULT:
    case MOTET_ABI_FLAGS:
        return motet_abi_lower_case(call, type, value, address);
    default:
        error = motet_abi_lower_scalar(call, type->kind, value, &bits);
        if (error == NULL) {
            motet_abi_emit(call, bits, type->size, address);
        }
        return error;
    }
}
