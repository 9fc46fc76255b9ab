// SPDX-License-Identifier: Apache-2.0
// Exports and imports of an instance brought together with their types, and what is said of values that do not fit.
#include "canonical_private.h"

#include <string.h>

// Names of the tool conventions: wit-component's first, and that of 2024 with its prefix.
static const char standard[] = "cm32p2";

static const char wrong_type[] = "its core type is not what its types flatten to";

static bool is_type(struct motet_wasm_signature signature, unsigned at, uint32_t shape) {
    static const uint8_t core[] = {MOTET_WASM_I32, MOTET_WASM_I64, MOTET_WASM_F32, MOTET_WASM_F64};
    return signature.types[at] == core[shape & 3];
}

static bool are_types(struct motet_wasm_signature signature, uint32_t shape) {
    for (unsigned i = 0; i < signature.arguments; i++) {
        // Behind sixteen parameters stands an import's address at most.
        if (!is_type(signature, signature.results + i, i < MOTET_ABI_MAX_FLAT_PARAMS ? shape >> (2 * i) : SHAPE_I32)) {
            return false;
        }
    }
    return true;
}

// "Flattening": parameters beyond sixteen are one address; of several results comes one, or goes one in for an import.
static bool has_types(struct motet_wasm_signature signature, const struct motet_abi_guest *guest, bool imported) {
    const struct motet_abi_type *params = &guest->function->params;
    const struct motet_abi_type *result = motet_abi_type(guest->types, guest->function->result);
    bool spilled = params->flat > MOTET_ABI_MAX_FLAT_PARAMS;
    bool behind = result->flat > MOTET_ABI_MAX_FLAT_RESULTS;
    unsigned arguments = (spilled ? 1u : params->flat) + (behind && imported);
    uint32_t shape = spilled ? 0 : params->shape;
    if (signature.arguments != arguments || signature.results != (result->flat != 0 && !(behind && imported))) {
        return false;
    }
    // Behind the parameters the shape is zero, an i32.
    return (signature.results == 0 || is_type(signature, 0, behind ? 0 : result->shape)) && are_types(signature, shape);
}

// Whether `name` is `prefix`, then the bytes at `middle`, then `suffix`.
static bool is_made_of(const struct motet_wasm_export *name, const char *prefix, const char *middle, size_t length,
                       const char *suffix) {
    size_t before = strlen(prefix), after = strlen(suffix);
    return name->length == before + length + after && memcmp(name->name, prefix, before) == 0 &&
           memcmp(name->name + before, middle, length) == 0 && memcmp(name->name + before + length, suffix, after) == 0;
}

// Leaves a NULL handle when there is no such export.
static const char *find(struct motet_abi_guest *guest, struct motet_wasm_function *function, const char *prefix,
                        const char *middle, size_t length, const char *suffix) {
    struct motet_wasm_export export = {0};
    function->handle = NULL;
    while (motet_wasm_next_export(guest->instance, &export)) {
        if (is_made_of(&export, prefix, middle, length, suffix)) {
            return motet_wasm_find(guest->instance, export.name, export.length, function);
        }
    }
    return NULL;
}

static bool follows_standard(const char *name, size_t length) {
    return length >= sizeof standard - 1 && memcmp(name, standard, sizeof standard - 1) == 0;
}

static const char *find_realloc(struct motet_abi_guest *guest, const char *prefix) {
    const char *error = find(guest, &guest->realloc, prefix, "_realloc", sizeof "_realloc" - 1, "");
    struct motet_wasm_signature signature = guest->realloc.signature;
    if (error != NULL || guest->realloc.handle == NULL) {
        return error;
    }
    bool good = signature.arguments == 4 && signature.results == 1 && is_type(signature, 0, SHAPE_I32);
    return good && are_types(signature, 0) ? NULL : "its realloc is not i(iiii)";
}

static const char *find_post(struct motet_abi_guest *guest, const char *name, size_t length) {
    bool follows = follows_standard(name, length);
    const char *error = find(guest, &guest->post, follows ? "" : "cabi_post_", name, length, follows ? "_post" : "");
    struct motet_wasm_signature signature = guest->post.signature, core = guest->core.signature;
    if (error != NULL || guest->post.handle == NULL) {
        return error;
    }
    bool good = signature.results == 0 && signature.arguments == core.results;
    return good && (core.results == 0 || signature.types[0] == core.types[0]) ? NULL
                                                                              : "its post-return has another type";
}

const char *motet_abi_bind(struct motet_abi_guest *guest, const char *export, size_t length) {
    const char *error = motet_wasm_find(guest->instance, export, length, &guest->core);
    if (error == NULL && !has_types(guest->core.signature, guest, false)) {
        error = wrong_type;
    }
    if (error == NULL) {
        error = find_post(guest, export, length);
    }
    if (error == NULL) {
        error = find_realloc(guest, follows_standard(export, length) ? standard : "cabi");
    }
    const struct motet_abi_type *params = &guest->function->params;
    bool needed = params->owns || params->flat > MOTET_ABI_MAX_FLAT_PARAMS;
    return error == NULL && needed && guest->realloc.handle == NULL ? "it needs a realloc, which is not exported"
                                                                    : error;
}

const char *motet_abi_bind_import(struct motet_abi_guest *guest, struct motet_wasm_signature signature) {
    guest->core.signature = signature;
    return has_types(signature, guest, true) ? NULL : wrong_type;
}

const char *motet_abi_find_realloc(struct motet_abi_guest *guest) {
    const char *error = find_realloc(guest, "cabi");
    if (error == NULL && guest->realloc.handle == NULL) {
        error = find_realloc(guest, standard);
    }
    // What was refused or could not be compiled is not there for the next call either.
    if (error != NULL) {
        guest->realloc.handle = NULL;
    }
    return error;
}

struct text {
    char *at;
    size_t room;
};

static void append(struct text *text, const char *part, size_t length) {
    length = length < text->room ? length : text->room;
    memcpy(text->at, part, length);
    text->at += length;
    text->room -= length;
}

static void append_index(struct text *text, size_t index) {
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + index % 10);
        index /= 10;
    } while (index > 0);
    append(text, "[", 1);
    append(text, digits + at, sizeof digits - at);
    append(text, "]", 1);
}

static void append_step(const struct motet_abi_call *call, struct text *text, const struct motet_abi_step *step,
                        bool first) {
    size_t length = 3;
    if (step->member == NULL && step->index != MOTET_ABI_PAYLOAD) {
        append_index(text, step->index);
        return;
    }
    const char *name = step->member == NULL ? "val" : motet_abi_name(call->guest->types, step->member->name, &length);
    append(text, ".", first ? 0 : 1);
    append(text, name, length);
}

void motet_abi_explain(const struct motet_abi_call *call, char *text, size_t size) {
    struct text out = {text, size - 1};
    append(&out, "result", call->lifting ? 6 : 0);
    for (unsigned i = 0; i < call->depth; i++) {
        append_step(call, &out, &call->path[i], out.at == text);
    }
    append(&out, ": ", out.at == text ? 0 : 2);
    const char *what = call->problem == NULL ? call->expected : call->problem;
    append(&out, "expected ", call->problem == NULL ? 9 : 0);
    append(&out, what, strlen(what));
    *out.at = '\0';
}
