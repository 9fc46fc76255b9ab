// SPDX-License-Identifier: Apache-2.0
// Inside the Canonical ABI.
#ifndef MOTET_WASM_CANONICAL_PRIVATE_H
#define MOTET_WASM_CANONICAL_PRIVATE_H

#include "canonical.h"

// Core types as a shape has them.
enum { SHAPE_I32, SHAPE_I64, SHAPE_F32, SHAPE_F64 };

// Computes what a type's kind and members make of the rest of it.
const char *motet_abi_lay_out(const struct motet_abi_types *types, struct motet_abi_type *type);
static inline const struct motet_abi_type *motet_abi_member_type(const struct motet_abi_types *types, unsigned member) {
    return motet_abi_type(types, types->members[member].type);
}

// A value of type `number` becomes one that lies in memory at `address`, or the next flat values.
const char *motet_abi_lower(struct motet_abi_call *call, unsigned number, motet_abi_value value, uint32_t address);
// The same for variants and their kin; an option that is absent.
const char *motet_abi_lower_case(struct motet_abi_call *call, const struct motet_abi_type *type, motet_abi_value value,
                                 uint32_t address);
const char *motet_abi_lower_absent(struct motet_abi_call *call, const struct motet_abi_type *type, uint32_t address);
// The next flat value, or `size` bytes in memory.
void motet_abi_emit(struct motet_abi_call *call, uint64_t bits, unsigned size, uint32_t address);
void motet_abi_release(const struct motet_abi_call *call, motet_abi_value value);
const char *motet_abi_lower_scalar(struct motet_abi_call *call, unsigned kind, motet_abi_value value, uint64_t *bits);
// A value of type `number` that lies in memory at `address`, or the next flat values, is told to the sink.
const char *motet_abi_lift(struct motet_abi_call *call, unsigned number, uint32_t address);
const char *motet_abi_lift_fields(struct motet_abi_call *call, const struct motet_abi_type *type, uint32_t address);
// Fields one after the other: from `values`, or from `record` when that is NULL.
const char *motet_abi_lower_fields(struct motet_abi_call *call, const struct motet_abi_type *type,
                                   const motet_abi_value *values, motet_abi_value record, uint32_t address);

// The realloc that results of imports go to; looked for when one is first needed, since nothing can be found before all
// imports are linked.
const char *motet_abi_find_realloc(struct motet_abi_guest *guest);
// So many bytes of the guest's, from its own realloc.
const char *motet_abi_allocate(struct motet_abi_call *call, uint32_t align, uint64_t size, uint32_t *address);
// Whether [address, address + size) is aligned and inside of linear memory as it is now; takes note of where that is.
const char *motet_abi_check_span(struct motet_abi_call *call, uint32_t address, uint32_t align, uint64_t size);
// Calls one of the guest's functions with its core values.
const char *motet_abi_run(struct motet_abi_call *call, const struct motet_wasm_function *function,
                          const uint64_t *values, uint64_t *result);
// Post-return -> the answer to the call. The guest wants its memory back also when the result did not fit the host; a
// trap then says more than the misfit.
const char *motet_abi_finish(struct motet_abi_call *call, const char *answer);
// Values are followed as deep as their types: whether there is room for that where the call begins.
bool motet_abi_has_stack(const struct motet_abi_guest *guest);
// The guest broke the ABI: ends the call as a trap.
const char *motet_abi_broken(struct motet_abi_call *call, const char *why);

extern const char motet_abi_too_long[];

// Length of the first character (Unicode 15, table 3-7); 0 when it is none. *code is its scalar value.
size_t motet_abi_utf8(const uint8_t *text, size_t length, uint32_t *code);
bool motet_abi_is_utf8(const uint8_t *text, size_t length);

// The answer for a value that the source did not give as a `kind`.
const char *motet_abi_refused(struct motet_abi_call *call, enum motet_abi_answer answer, unsigned kind);

static inline const struct motet_abi_source *motet_abi_source(const struct motet_abi_call *call) {
    return &call->guest->binding->source;
}

static inline const char *motet_abi_expected(struct motet_abi_call *call, const char *what) {
    call->expected = what;
    return motet_abi_mismatch;
}

static inline const char *motet_abi_problem(struct motet_abi_call *call, const char *what) {
    call->problem = what;
    return motet_abi_mismatch;
}

// Name of case `index` of a variant, an option or a result.
static inline void *motet_abi_case(const struct motet_abi_call *call, const struct motet_abi_type *type,
                                   unsigned index) {
    const struct motet_abi_binding *binding = call->guest->binding;
    if (type->kind == MOTET_ABI_RESULT) {
        return index == 0 ? binding->ok : binding->err;
    }
    if (type->kind == MOTET_ABI_OPTION) {
        return index == 0 ? binding->none : binding->some;
    }
    return call->guest->types->members[type->first + index].key;
}

static inline void motet_abi_enter(struct motet_abi_call *call, const struct motet_abi_member *member, size_t index) {
    call->path[call->depth].member = member;
    call->path[call->depth].index = index;
    call->depth++;
}

#endif
