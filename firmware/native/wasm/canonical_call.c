// SPDX-License-Identifier: Apache-2.0
// Whole calls: the guest's memory, arguments that do not fit sixteen core values, results behind an address,
// post-return.
#include "canonical_private.h"

#include <string.h>

// C stack that a level of a value takes at most, in both directions.
#define STACK_PER_LEVEL (32 * sizeof(void *) + 128)

const char motet_abi_mismatch[] = "a value does not fit its type";

const char *motet_abi_broken(struct motet_abi_call *call, const char *why) {
    call->guest->instance->trap = why;
    return why;
}

const char *motet_abi_check_span(struct motet_abi_call *call, uint32_t address, uint32_t align, uint64_t size) {
    size_t length;
    call->memory = motet_wasm_memory(call->guest->instance, &length);
    call->length = length;
    if (address % align != 0) {
        return motet_abi_broken(call, "it gave an address that is not aligned");
    }
    return address > length || size > length - address
               ? motet_abi_broken(call, "it gave an address outside of its memory")
               : NULL;
}

const char *motet_abi_run(struct motet_abi_call *call, const struct motet_wasm_function *function,
                          const uint64_t *values, uint64_t *result) {
    struct motet_abi_guest *guest = call->guest;
    uint64_t *frame = motet_wasm_frame(guest->instance, function);
    if (frame == NULL) {
        return motet_abi_broken(call, "stack overflow");
    }
    memcpy(frame + function->signature.results, values, function->signature.arguments * sizeof *values);
    const char *trap = guest->binding->run(guest->instance, function);
    *result = frame[0];
    return trap;
}

const char *motet_abi_allocate(struct motet_abi_call *call, uint32_t align, uint64_t size, uint32_t *address) {
    uint64_t values[] = {0, 0, align, size}, result;
    const char *error = call->guest->realloc.handle == NULL ? motet_abi_find_realloc(call->guest) : NULL;
    if (error == NULL && call->guest->realloc.handle == NULL) {
        error = motet_abi_broken(call, "it exports no realloc for text and lists");
    }
    if (error == NULL) {
        error = motet_abi_run(call, &call->guest->realloc, values, &result);
    }
    if (error != NULL) {
        return error;
    }
    *address = (uint32_t)result;
    return motet_abi_check_span(call, *address, align, size);
}

static const char *lower_arguments(struct motet_abi_call *call, const motet_abi_value *values, motet_abi_value record,
                                   uint64_t *slots) {
    const struct motet_abi_type *params = &call->guest->function->params;
    uint32_t address = 0;
    call->slot = slots;
    call->used = 0;
    if (params->flat > MOTET_ABI_MAX_FLAT_PARAMS) {
        call->slot = NULL;
        const char *error = call->dry ? NULL : motet_abi_allocate(call, params->align, params->size, &address);
        if (error != NULL) {
            return error;
        }
        slots[0] = address;
    }
    return motet_abi_lower_fields(call, params, values, record, address);
}

static const char *lift_result(struct motet_abi_call *call, uint64_t *result) {
    const struct motet_abi_guest *guest = call->guest;
    const struct motet_abi_type *type = motet_abi_type(guest->types, guest->function->result);
    uint32_t address = 0;
    const char *error = NULL;
    call->used = 0;
    call->slot = result;
    if (type->flat > MOTET_ABI_MAX_FLAT_RESULTS) {
        call->slot = NULL;
        address = (uint32_t)*result;
        error = motet_abi_check_span(call, address, type->align, type->size);
    }
    return error == NULL ? motet_abi_lift(call, guest->function->result, address) : error;
}

const char *motet_abi_finish(struct motet_abi_call *call, const char *answer) {
    uint64_t ignored;
    const struct motet_wasm_function *post = &call->guest->post;
    // After a trap, or when the host is to fail anyway, nothing of the guest runs.
    if (post->handle == NULL || (answer != NULL && answer == call->guest->instance->trap)) {
        return answer;
    }
    const char *trap = motet_abi_run(call, post, &call->result, &ignored);
    return trap == NULL ? answer : trap;
}

static bool needs_memory(const struct motet_abi_type *params) {
    return params->owns || params->flat > MOTET_ABI_MAX_FLAT_PARAMS;
}

static const char *lower_all(struct motet_abi_call *call, const motet_abi_value *values, motet_abi_value record,
                             uint64_t *slots) {
    const char *error = NULL;
    if (needs_memory(&call->guest->function->params)) {
        call->dry = true;
        error = lower_arguments(call, values, record, slots);
        call->dry = false;
    }
    return error == NULL ? lower_arguments(call, values, record, slots) : error;
}

bool motet_abi_has_stack(const struct motet_abi_guest *guest) {
    unsigned params = guest->function->params.depth;
    unsigned result = motet_abi_type(guest->types, guest->function->result)->depth;
    size_t needed = (2u + (params > result ? params : result)) * STACK_PER_LEVEL;
    return (uintptr_t)__builtin_frame_address(0) > (uintptr_t)motet_wasm_stack_floor() + needed;
}

static const char *check_stack(struct motet_abi_call *call) {
    return motet_abi_has_stack(call->guest) ? NULL : motet_abi_broken(call, "stack overflow");
}

const char *motet_abi_call(struct motet_abi_call *call, const motet_abi_value *values, motet_abi_value record) {
    uint64_t slots[MOTET_ABI_MAX_FLAT_PARAMS] = {0};
    call->guest->instance->trap = NULL;
    const char *error = check_stack(call);
    if (error == NULL) {
        error = lower_all(call, values, record, slots);
    }
    if (error == NULL) {
        error = motet_abi_run(call, &call->guest->core, slots, &call->result);
    }
    if (error != NULL) {
        return error;
    }
    if (call->guest->function->result != MOTET_ABI_NONE) {
        uint64_t lifted = call->result;
        call->lifting = true;
        error = lift_result(call, &lifted);
    }
    return motet_abi_finish(call, error);
}

void motet_abi_abandon(struct motet_abi_call *call) {
    if (call->lifting) {
        motet_abi_finish(call, NULL);
    }
}

const char *motet_abi_lift_arguments(struct motet_abi_call *call, uint64_t *slots) {
    const struct motet_abi_guest *guest = call->guest;
    struct motet_abi_type params = guest->function->params;
    uint32_t address = 0;
    const char *error = check_stack(call);
    params.kind = MOTET_ABI_TUPLE;
    call->lifting = true;
    call->slot = slots + guest->core.signature.results;
    // Calls that the host makes back into the instance begin at the same slots.
    if (guest->core.signature.arguments != 0) {
        call->result = call->slot[guest->core.signature.arguments - 1];
    }
    if (error == NULL && params.flat > MOTET_ABI_MAX_FLAT_PARAMS) {
        address = (uint32_t)*call->slot;
        call->slot = NULL;
        error = motet_abi_check_span(call, address, params.align, params.size);
    }
    return error == NULL ? motet_abi_lift_fields(call, &params, address) : error;
}

// A result of several core values goes where the guest's last argument says.
static const char *lower_behind(struct motet_abi_call *call, uint32_t address, motet_abi_value value) {
    unsigned number = call->guest->function->result;
    const struct motet_abi_type *type = motet_abi_type(call->guest->types, number);
    const char *error = motet_abi_check_span(call, address, type->align, type->size);
    call->slot = NULL;
    call->dry = true;
    call->used = 0;
    if (error == NULL) {
        error = motet_abi_lower(call, number, value, address);
    }
    call->dry = false;
    call->used = 0;
    return error == NULL ? motet_abi_lower(call, number, value, address) : error;
}

const char *motet_abi_lower_result(struct motet_abi_call *call, uint64_t *slots, motet_abi_value value) {
    const struct motet_abi_guest *guest = call->guest;
    unsigned number = guest->function->result;
    uint64_t bits[2] = {0};
    call->lifting = false;
    if (number == MOTET_ABI_NONE) {
        return NULL;
    }
    if (motet_abi_type(guest->types, number)->flat > MOTET_ABI_MAX_FLAT_RESULTS) {
        return lower_behind(call, (uint32_t)call->result, value);
    }
    call->slot = bits;
    const char *error = motet_abi_lower(call, number, value, 0);
    slots[0] = bits[0];
    return error;
}
