// SPDX-License-Identifier: Apache-2.0
// Exported functions. Names are read from the module's bytes: wasm3's own table holds three names of a function
// at most, and those of imports, too.
#include "private.h"

#define SECTION_EXPORT 7
#define KIND_FUNCTION  0

// One entry of the export section (Core 1.0, section 5.5.10). *at is moved past it.
static bool read_export(const uint8_t **at, const uint8_t *end, struct motet_wasm_export *export, uint8_t *kind) {
    uint32_t length;
    if (!motet_wasm_leb(at, end, &length) || length >= (size_t)(end - *at)) {
        return false;
    }
    export->name = (const char *)*at;
    export->length = length;
    *at += length;
    *kind = *(*at)++;
    return motet_wasm_leb(at, end, &export->index);
}

// Where the entry after `export` begins: behind its name stand a kind and an index.
static bool first_or_next(const struct motet_wasm *instance, const struct motet_wasm_export *export, const uint8_t **at,
                          const uint8_t **end) {
    uint32_t ignored;
    if (!motet_wasm_section(instance->code, instance->code_end, SECTION_EXPORT, at, end)) {
        return false;
    }
    if (export->name == NULL) {
        return motet_wasm_leb(at, *end, &ignored);
    }
    *at = (const uint8_t *)export->name + export->length + 1;
    return motet_wasm_leb(at, *end, &ignored);
}

static bool next_elsewhere(const struct motet_wasm_elsewhere *elsewhere, struct motet_wasm_export *export) {
    uint32_t next = export->name == NULL ? 0 : export->index + 1;
    if (next == elsewhere->count) {
        return false;
    }
    *export = elsewhere->names[next];
    return true;
}

bool motet_wasm_next_export(const struct motet_wasm *instance, struct motet_wasm_export *export) {
    if (motet_wasm_elsewhere(instance) != NULL) {
        return next_elsewhere(motet_wasm_elsewhere(instance), export);
    }
    const uint8_t *at, *end;
    uint8_t kind;
    if (!first_or_next(instance, export, &at, &end)) {
        return false;
    }
    const struct M3Module *module = instance->module;
    while (read_export(&at, end, export, &kind)) {
        // An import that is exported again has no body to call.
        if (kind == KIND_FUNCTION && export->index >= module->numFuncImports && export->index < module->numFunctions) {
            return true;
        }
    }
    return false;
}

struct motet_wasm_signature motet_wasm_export_signature(const struct motet_wasm *instance,
                                                        const struct motet_wasm_export *export) {
    if (motet_wasm_elsewhere(instance) != NULL) {
        return motet_wasm_elsewhere(instance)->functions[export->index].signature;
    }
    return motet_wasm_signature_of(instance->module->functions[export->index].funcType);
}

static bool lookup(const struct motet_wasm *instance, const char *name, size_t length,
                   struct motet_wasm_export *export) {
    *export = (struct motet_wasm_export){0};
    while (motet_wasm_next_export(instance, export)) {
        if (export->length == length && memcmp(export->name, name, length) == 0) {
            return true;
        }
    }
    return false;
}

static const char *compile_with_wasm3(struct motet_wasm *instance, const void *argument) {
    (void)instance;
    return CompileFunction(*(struct M3Function *const *)argument);
}

static const char *compile(struct motet_wasm *instance, struct M3Function *function) {
    return function->compiled != NULL ? NULL : motet_wasm_do(instance, compile_with_wasm3, &function);
}

static const char *run_start(struct motet_wasm *instance, struct M3Function *function) {
    if (function->funcType->numArgs != 0 || function->funcType->numRets != 0) {
        return "the start function has arguments or a result";
    }
    const char *error = compile(instance, function);
    if (error != NULL) {
        return error;
    }
    struct motet_wasm_function call = {motet_wasm_signature_of(function->funcType), function};
    return motet_wasm_call(instance, &call);
}

// Once: a start function that trapped left the module half initialised, and it must not run on.
static const char *start(struct motet_wasm *instance) {
    int32_t index = instance->module->startFunction;
    if (instance->start == MOTET_WASM_START_DONE || index < 0) {
        return NULL;
    }
    if (instance->start == MOTET_WASM_START_FAILED) {
        return "the start function failed";
    }
    instance->start = MOTET_WASM_START_FAILED;
    const char *error = run_start(instance, &instance->module->functions[index]);
    if (error == NULL) {
        instance->start = MOTET_WASM_START_DONE;
    }
    return error;
}

const char *motet_wasm_find(struct motet_wasm *instance, const char *name, size_t length,
                            struct motet_wasm_function *function) {
    instance->trap = NULL;
    if (!motet_wasm_linked(instance)) {
        return "an import is not linked";
    }
    struct motet_wasm_export export;
    if (!lookup(instance, name, length, &export)) {
        return "the module exports no such function";
    }
    if (motet_wasm_elsewhere(instance) != NULL) {
        *function = motet_wasm_elsewhere(instance)->functions[export.index];
        return NULL;
    }
    function->handle = &instance->module->functions[export.index];
    function->signature = motet_wasm_signature_of(function->handle->funcType);
    const char *error = compile(instance, function->handle);
    return error == NULL ? start(instance) : error;
}
