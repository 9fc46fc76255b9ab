// SPDX-License-Identifier: Apache-2.0
// Imported functions: listing, linking, and the way from wasm code to the host.
#include "private.h"

// wasm3's raw call: the arguments are on the stack behind the place of the result.
static const void *call_host(IM3Runtime runtime, IM3ImportContext context, uint64_t *stack, void *memory) {
    (void)runtime;
    (void)memory;
    struct motet_wasm *instance = motet_wasm_running;
    // wasm3 numbers a module's functions with the imported ones first.
    size_t index = (size_t)(context->function - instance->module->functions);
    return instance->host(instance, &instance->imports[index], stack);
}

void motet_wasm_prepare_imports(struct motet_wasm *instance) {
    IM3Module module = instance->module;
    instance->import_count = module->numFuncImports;
    instance->imports = motet_wasm_calloc(module->numFuncImports, sizeof *instance->imports);
    for (unsigned i = 0; i < module->numFuncImports; i++) {
        IM3Function function = &module->functions[i];
        struct motet_wasm_import *import = &instance->imports[i];
        import->signature = motet_wasm_signature_of(function->funcType);
        import->module = function->import.moduleUtf8;
        import->name = function->import.fieldUtf8;
    }
}

static bool matches(const struct motet_wasm_import *import, const char *module, const char *name) {
    return strcmp(import->name, name) == 0 && strcmp(import->module, module) == 0;
}

struct link {
    const char *module, *name;
    void *callable;
};

static const char *link_all(struct motet_wasm *instance, const void *argument) {
    const struct link *link = argument;
    const char *error = "the module has no such import";
    for (unsigned i = 0; i < instance->import_count; i++) {
        struct motet_wasm_import *import = &instance->imports[i];
        if (!matches(import, link->module, link->name)) {
            continue;
        }
        // Links every import of that name at once: a module may import one function several times.
        error = m3_LinkRawFunctionEx(instance->module, import->module, import->name, NULL, call_host, NULL);
        if (error != NULL) {
            break;
        }
        import->callable = link->callable;
    }
    return error;
}

const char *motet_wasm_link(struct motet_wasm *instance, const char *module, const char *name, void *callable) {
    struct link link = {module, name, callable};
    return motet_wasm_do(instance, link_all, &link);
}

bool motet_wasm_linked(const struct motet_wasm *instance) {
    for (unsigned i = 0; i < instance->import_count; i++) {
        if (instance->imports[i].callable == NULL) {
            return false;
        }
    }
    return true;
}
