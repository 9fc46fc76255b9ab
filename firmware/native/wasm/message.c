// SPDX-License-Identifier: Apache-2.0
// Messages from guest to guest: Canonical ABI, for two functions whose types are known.
//
// Everything either guest says is checked as in canonical_lift.c and canonical_lower.c.
#include "message.h"

#include <string.h>

#include "canonical_private.h"

// Flat parameters of `handle`: topic, sender, answers, failure, data.
enum { TOPIC, SENDER = 2, DATA = 9, PARAMETERS = 11 };
// result<list<u8>, error> and result<list<u8>, string>, in memory.
enum { PAYLOAD = 4, RESULT_SIZE = 12, RESULT_ALIGN = 4 };

static bool is_kind(const struct motet_abi_types *types, unsigned number, unsigned kind) {
    return motet_abi_type(types, number)->kind == kind;
}

static bool are_bytes(const struct motet_abi_types *types, unsigned number) {
    return is_kind(types, number, MOTET_ABI_LIST) && motet_abi_type(types, number)->first == MOTET_ABI_U8;
}

static bool is_option(const struct motet_abi_types *types, unsigned number, unsigned kind) {
    const struct motet_abi_type *type = motet_abi_type(types, number);
    return type->kind == MOTET_ABI_OPTION && types->members[type->first + 1].type == kind;
}

// Whether it gives bytes or an error of one kind.
static bool gives(const struct motet_abi_guest *guest, unsigned kind) {
    const struct motet_abi_types *types = guest->types;
    const struct motet_abi_type *result = motet_abi_type(types, guest->function->result);
    return result->kind == MOTET_ABI_RESULT && result->size == RESULT_SIZE && result->payload == PAYLOAD &&
           are_bytes(types, types->members[result->first].type) &&
           is_kind(types, types->members[result->first + 1].type, kind);
}

bool motet_wasm_sends(const struct motet_abi_guest *guest) {
    const struct motet_abi_types *types = guest->types;
    const struct motet_abi_type *params = &guest->function->params;
    return params->count == 2 && types->members[params->first].type == MOTET_ABI_STRING &&
           are_bytes(types, types->members[params->first + 1].type) && gives(guest, MOTET_ABI_ENUM);
}

bool motet_wasm_receives(const struct motet_abi_guest *guest) {
    const struct motet_abi_types *types = guest->types;
    const struct motet_abi_type *params = &guest->function->params;
    if (guest->json || params->count != 1 || !is_kind(types, types->members[params->first].type, MOTET_ABI_RECORD)) {
        return false;
    }
    const struct motet_abi_type *record = motet_abi_type(types, types->members[params->first].type);
    const struct motet_abi_member *field = types->members + record->first;
    return record->count == 5 && field[0].type == MOTET_ABI_STRING && field[1].type == MOTET_ABI_STRING &&
           is_option(types, field[2].type, MOTET_ABI_U32) && is_option(types, field[3].type, MOTET_ABI_STRING) &&
           are_bytes(types, field[4].type) && gives(guest, MOTET_ABI_STRING);
}

static bool is_inside(uint32_t address, uint32_t size, size_t length) {
    return address <= length && size <= length - address;
}

bool motet_wasm_message_read(struct motet_wasm_message *message, const uint64_t *slots) {
    size_t length;
    message->to = (uint32_t)slots[0];
    message->to_length = (uint32_t)slots[1];
    message->data = (uint32_t)slots[2];
    message->length = (uint32_t)slots[3];
    message->result = (uint32_t)slots[4];
    motet_wasm_memory(message->sender->instance, &length);
    return is_inside(message->to, message->to_length, length) && is_inside(message->data, message->length, length);
}

static uint8_t *memory_of(const struct motet_abi_guest *guest, uint32_t address) {
    size_t ignored;
    return motet_wasm_memory(guest->instance, &ignored) + address;
}

const char *motet_wasm_message_to(const struct motet_wasm_message *message) {
    return (const char *)memory_of(message->sender, message->to);
}

bool motet_wasm_message_fits(const struct motet_wasm_message *message) {
    uint32_t limit = motet_wasm_memory_limit(message->receiver->instance);
    return message->from_length <= limit && message->length <= limit - message->from_length &&
           motet_abi_has_stack(message->receiver);
}

// Room for so many bytes in the receiver; their address and number are what stands for them.
static const char *own(struct motet_abi_call *call, uint32_t length, uint64_t *slots) {
    uint32_t address = 0;
    const char *error = motet_abi_allocate(call, 1, length, &address);
    slots[0] = address;
    slots[1] = length;
    return error;
}

// Memory is looked up anew after each call into a guest: it may have moved, but never shrinks.
static const char *lower(struct motet_abi_call *call, const struct motet_wasm_message *message, uint64_t *slots) {
    const char *error = own(call, 0, slots + TOPIC);
    if (error == NULL) {
        error = own(call, message->from_length, slots + SENDER);
    }
    if (error != NULL) {
        return error;
    }
    memcpy(memory_of(call->guest, (uint32_t)slots[SENDER]), message->from, message->from_length);
    error = own(call, message->length, slots + DATA);
    if (error == NULL && message->length != 0) {
        memcpy(memory_of(call->guest, (uint32_t)slots[DATA]), memory_of(message->sender, message->data),
               message->length);
    }
    return error;
}

// What the handler gave: its case, and where its bytes are.
static const char *lift(struct motet_abi_call *call, uint8_t *index, uint32_t span[2]) {
    uint32_t address = (uint32_t)call->result;
    const char *error = motet_abi_check_span(call, address, RESULT_ALIGN, RESULT_SIZE);
    if (error != NULL) {
        return error;
    }
    *index = call->memory[address];
    memcpy(span, call->memory + address + PAYLOAD, 2 * sizeof *span);
    if (*index > 1) {
        return motet_abi_broken(call, "its result has a discriminant out of range");
    }
    error = motet_abi_check_span(call, span[0], 1, span[1]);
    if (error == NULL && *index == 1 && !motet_abi_is_utf8(call->memory + span[0], span[1])) {
        error = motet_abi_broken(call, "its result holds text that is not UTF-8");
    }
    return error;
}

// The bytes become the sender's, which may run for it.
static const char *answer(const struct motet_wasm_message *message, const uint32_t span[2]) {
    struct motet_abi_call call;
    uint32_t owned[2] = {0, span[1]};
    motet_abi_begin(&call, message->sender, NULL);
    const char *error = motet_abi_check_span(&call, message->result, RESULT_ALIGN, RESULT_SIZE);
    if (error == NULL && span[1] > motet_wasm_memory_limit(message->sender->instance)) {
        error = motet_abi_mismatch;
    }
    if (error == NULL) {
        error = motet_abi_allocate(&call, 1, span[1], &owned[0]);
    }
    if (error != NULL) {
        return error;
    }
    memcpy(memory_of(message->sender, owned[0]), memory_of(message->receiver, span[0]), span[1]);
    uint8_t *result = memory_of(message->sender, message->result);
    *result = 0;
    memcpy(result + PAYLOAD, owned, sizeof owned);
    return NULL;
}

void motet_wasm_message_blame(struct motet_abi_call *call) {
    call->problem = motet_abi_too_long;
    motet_abi_enter(call, NULL, MOTET_ABI_PAYLOAD);
}

// The sender's fuel pays for what the receiver has used since it had so much.
static void pay(const struct motet_wasm_message *message, uint32_t *before) {
    uint32_t *wallet = &message->sender->instance->fuel, left = message->receiver->instance->fuel;
    uint32_t used = *before - left;
    *wallet = used < *wallet ? *wallet - used : 0;
    *before = left;
}

enum motet_wasm_delivery motet_wasm_deliver(const struct motet_wasm_message *message, const char **error,
                                            const char **fault) {
    struct motet_abi_call call;
    uint64_t slots[PARAMETERS] = {0};
    uint32_t span[2], fuel = message->fuel;
    uint8_t index = 0;
    motet_abi_begin(&call, message->receiver, NULL);
    message->receiver->instance->trap = NULL;
    message->receiver->instance->fuel = fuel;
    *fault = NULL;
    *error = lower(&call, message, slots);
    if (*error == NULL) {
        *error = motet_abi_run(&call, &message->receiver->core, slots, &call.result);
    }
    pay(message, &fuel);
    if (*error == NULL) {
        *error = lift(&call, &index, span);
        *fault = *error == NULL && index == 0 ? answer(message, span) : NULL;
        *error = motet_abi_finish(&call, *error);
        pay(message, &fuel);
    }
    return *error != NULL ? MOTET_WASM_LOST : index == 0 ? MOTET_WASM_ANSWERED : MOTET_WASM_REFUSED;
}
