// SPDX-License-Identifier: Apache-2.0
// Numbers, truth and characters of the host as core values: Canonical ABI, "Storing", "Flat Lowering".
#include "canonical_private.h"

#include <string.h>

static const char *const names[] = {
    [MOTET_ABI_BOOL] = "bool",     [MOTET_ABI_S8] = "s8",           [MOTET_ABI_U8] = "u8",
    [MOTET_ABI_S16] = "s16",       [MOTET_ABI_U16] = "u16",         [MOTET_ABI_S32] = "s32",
    [MOTET_ABI_U32] = "u32",       [MOTET_ABI_S64] = "s64",         [MOTET_ABI_U64] = "u64",
    [MOTET_ABI_F32] = "f32",       [MOTET_ABI_F64] = "f64",         [MOTET_ABI_CHAR] = "one character",
    [MOTET_ABI_STRING] = "string", [MOTET_ABI_LIST] = "list",       [MOTET_ABI_RECORD] = "record",
    [MOTET_ABI_TUPLE] = "tuple",   [MOTET_ABI_VARIANT] = "variant", [MOTET_ABI_ENUM] = "one of the enum's names",
    [MOTET_ABI_OPTION] = "option", [MOTET_ABI_RESULT] = "result",   [MOTET_ABI_FLAGS] = "list of flag names",
};

const char *motet_abi_refused(struct motet_abi_call *call, enum motet_abi_answer answer, unsigned kind) {
    return answer == MOTET_ABI_RAISED ? motet_wasm_host_failed : motet_abi_expected(call, names[kind]);
}

static bool fits(uint64_t bits, unsigned kind, unsigned width) {
    bool is_signed = kind == MOTET_ABI_S8 || kind == MOTET_ABI_S16 || kind == MOTET_ABI_S32;
    if (width == 64) {
        return true;
    }
    return is_signed ? (bits + (1ull << (width - 1))) >> width == 0 : bits >> width == 0;
}

static const char *lower_integer(struct motet_abi_call *call, unsigned kind, motet_abi_value value, uint64_t *bits) {
    unsigned width = 8u * motet_abi_primitive(kind)->size;
    bool is_signed = kind == MOTET_ABI_S8 || kind == MOTET_ABI_S16 || kind == MOTET_ABI_S32 || kind == MOTET_ABI_S64;
    enum motet_abi_answer answer = motet_abi_source(call)->integer(value, is_signed, bits);
    if (answer == MOTET_ABI_OK && !fits(*bits, kind, width)) {
        answer = MOTET_ABI_MISMATCH;
    }
    if (width < 64) {
        *bits = (uint32_t)*bits;
    }
    return answer == MOTET_ABI_OK ? NULL : motet_abi_refused(call, answer, kind);
}

static const char *lower_real(struct motet_abi_call *call, unsigned kind, motet_abi_value value, uint64_t *bits) {
    double real;
    enum motet_abi_answer answer = motet_abi_source(call)->real(value, &real);
    if (answer != MOTET_ABI_OK) {
        return motet_abi_refused(call, answer, kind);
    }
    // There is one NaN only.
    real = real != real ? (double)__builtin_nan("") : real;
    float single = (float)real;
    *bits = 0;
    if (kind == MOTET_ABI_F64) {
        memcpy(bits, &real, sizeof real);
        return NULL;
    }
    memcpy(bits, &single, sizeof single);
    bool overflow = single - single != 0 && real - real == 0;
    return overflow ? motet_abi_expected(call, names[kind]) : NULL;
}

static const char *lower_char(struct motet_abi_call *call, motet_abi_value value, uint64_t *bits) {
    const char *text;
    size_t length;
    uint32_t code = 0;
    enum motet_abi_answer answer = motet_abi_source(call)->text(value, &text, &length);
    if (answer == MOTET_ABI_OK && (length == 0 || motet_abi_utf8((const uint8_t *)text, length, &code) != length)) {
        answer = MOTET_ABI_MISMATCH;
    }
    *bits = code;
    return answer == MOTET_ABI_OK ? NULL : motet_abi_refused(call, answer, MOTET_ABI_CHAR);
}

const char *motet_abi_lower_scalar(struct motet_abi_call *call, unsigned kind, motet_abi_value value, uint64_t *bits) {
    if (kind == MOTET_ABI_F32 || kind == MOTET_ABI_F64) {
        return lower_real(call, kind, value, bits);
    }
    if (kind == MOTET_ABI_CHAR) {
        return lower_char(call, value, bits);
    }
    if (kind != MOTET_ABI_BOOL) {
        return lower_integer(call, kind, value, bits);
    }
    bool truth = false;
    enum motet_abi_answer answer = motet_abi_source(call)->boolean(value, &truth);
    *bits = truth;
    return answer == MOTET_ABI_OK ? NULL : motet_abi_refused(call, answer, kind);
}
