// SPDX-License-Identifier: Apache-2.0
// Loading and unloading.
#include "engine.h"

#include "private.h"

struct motet_wasm_signature motet_wasm_signature_of(const struct M3FuncType *type) {
    struct motet_wasm_signature signature = {type->types, (uint8_t)type->numRets, (uint8_t)type->numArgs};
    return signature;
}

void motet_wasm_signature_text(struct motet_wasm_signature signature, char *text) {
    static const char letters[] = "viIfF";
    const uint8_t *type = signature.types;
    *text++ = signature.results == 0 ? 'v' : letters[*type++];
    *text++ = '(';
    for (unsigned i = 0; i < signature.arguments; i++) {
        *text++ = letters[*type++];
    }
    *text++ = ')';
    *text = '\0';
}

static const char *check_signatures(const struct M3Module *module) {
    for (unsigned i = 0; i < module->numFuncTypes; i++) {
        if (module->funcTypes[i]->numRets > 1) {
            return "a function has more than one result";
        }
    }
    for (unsigned i = 0; i < module->numFunctions; i++) {
        if (module->functions[i].funcType->numArgs > MOTET_WASM_MAX_ARGUMENTS) {
            return "a function has more than 17 arguments";
        }
        if (i >= module->numFuncImports && module->functions[i].wasm == NULL) {
            return "a function has no body";
        }
    }
    return NULL;
}

// Only functions can be imported: wasm3 would take an imported memory or global for one that is there.
static const char *check_imports(const struct M3Module *module) {
    if (module->memoryImported) {
        return "the memory is imported";
    }
    for (unsigned i = 0; i < module->numGlobals; i++) {
        if (module->globals[i].imported) {
            return "a global is imported";
        }
    }
    return NULL;
}

struct limits {
    uint32_t memory;
    uint32_t stack;
};

static const char *parse(struct motet_wasm *instance, const struct limits *limits) {
    // An environment of its own: wasm3 keeps code pages in it for ever, and they must go with the instance.
    IM3Environment environment = m3_NewEnvironment();
    instance->runtime = m3_NewRuntime(environment, limits->stack, NULL);
    instance->runtime->memoryLimit = limits->memory;
    instance->stack_end = (uint64_t *)instance->runtime->stack + limits->stack / sizeof(uint64_t);
    size_t size = (size_t)(instance->code_end - instance->code);
    return m3_ParseModule(environment, &instance->module, instance->code, (uint32_t)size);
}

static const char *check(const struct M3Module *module, const struct limits *limits) {
    if (limits->memory == 0 && module->memoryInfo.initPages != 0) {
        return "the module has a memory but none is allowed";
    }
    const char *error = check_imports(module);
    return error == NULL ? check_signatures(module) : error;
}

// To wasm3 a limit of nothing is no limit, neither of bytes nor of pages.
static void bound_growth(struct motet_wasm *instance, const struct limits *limits) {
    if (limits->memory == 0) {
        instance->runtime->memory.maxPages = 0;
    }
}

static const char *build(struct motet_wasm *instance, const void *argument) {
    if (!motet_wasm_stack_left(MOTET_WASM_LOAD_STACK)) {
        return "the C stack is too full to load a module";
    }
    const char *error = parse(instance, argument);
    if (error == NULL) {
        error = check(instance->module, argument);
    }
    if (error == NULL) {
        // Initial values are constant expressions that wasm3 compiles and calls.
        instance->fuel = UINT32_MAX;
        error = m3_LoadModule(instance->runtime, instance->module);
        instance->fuel = 0;
    }
    if (error == NULL) {
        instance->start = MOTET_WASM_START_DUE;
        bound_growth(instance, argument);
        motet_wasm_prepare_imports(instance);
    }
    return error;
}

const char *motet_wasm_load(struct motet_wasm *instance, const uint8_t *code, size_t size, uint32_t memory,
                            uint32_t stack, motet_wasm_host host) {
    if (size > MOTET_WASM_MAX_CODE) {
        return "the module is larger than 1 MiB";
    }
    if (stack < MOTET_WASM_MIN_STACK || stack > MOTET_WASM_MAX_STACK) {
        return "the stack must have 256 bytes to 1 MiB";
    }
    const char *error = motet_wasm_check(code, code + size);
    if (error != NULL) {
        return error;
    }
    instance->host = host;
    instance->code = code;
    instance->code_end = code + size;
    struct limits limits = {memory, stack & ~7u};
    error = motet_wasm_do(instance, build, &limits);
    if (error != NULL) {
        motet_wasm_unload(instance);
    }
    return error;
}

void motet_wasm_unload(struct motet_wasm *instance) {
    motet_wasm_free_chain(&instance->blocks);
    memset(instance, 0, sizeof *instance);
}

uint8_t *motet_wasm_memory(const struct motet_wasm *instance, size_t *length) {
    if (motet_wasm_elsewhere(instance) != NULL) {
        return motet_wasm_elsewhere(instance)->memory(instance, length);
    }
    M3MemoryHeader *memory = instance->runtime->memory.mallocated;
    *length = memory->length;
    return *length == 0 ? NULL : m3MemData(memory);
}

uint32_t motet_wasm_memory_limit(const struct motet_wasm *instance) {
    const struct motet_wasm_elsewhere *elsewhere = motet_wasm_elsewhere(instance);
    return elsewhere != NULL ? elsewhere->memory_limit : (uint32_t)instance->runtime->memoryLimit;
}
