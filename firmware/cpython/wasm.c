// SPDX-License-Identifier: Apache-2.0
// motet_native.wasm on CPython: the module, its errors, and what the engine asks of its host.
#include "wasm_guard.h"

#include <stdlib.h>

PyObject *wasm_error, *wasm_trap;

void *motet_heap_alloc(size_t size) {
    return malloc(size);
}

void *motet_heap_realloc(void *pointer, size_t size) {
    return realloc(pointer, size);
}

void motet_heap_free(void *pointer) {
    free(pointer);
}

bool wasm_usable(Instance *self) {
    if (!motet_wasm_loaded(&self->engine)) {
        PyErr_SetString(wasm_error, "the instance is closed");
        return false;
    }
    if (self->depth > 0 && self->thread != PyThread_get_thread_ident()) {
        PyErr_SetString(wasm_error, "the instance is running in another thread");
        return false;
    }
    return true;
}

PyObject *wasm_fail(const Instance *self, const char *answer) {
    if (answer == motet_wasm_host_failed) {
        return NULL; // the import's own exception is set
    }
    if (answer == motet_wasm_no_memory) {
        return PyErr_NoMemory();
    }
    PyErr_SetString(answer == self->engine.trap ? wasm_trap : wasm_error, answer);
    return NULL;
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "motet_native.wasm",
    .m_doc = "Sandboxed WebAssembly instances.",
    .m_size = -1,
};

static int add_types(PyObject *module) {
    wasm_error = PyErr_NewException("motet_native.wasm.Error", NULL, NULL);
    wasm_trap = wasm_error == NULL ? NULL : PyErr_NewException("motet_native.wasm.Trap", wasm_error, NULL);
    if (wasm_trap == NULL || PyModule_AddObjectRef(module, "Error", wasm_error) ||
        PyModule_AddObjectRef(module, "Trap", wasm_trap)) {
        return -1;
    }
    static PyTypeObject *const types[] = {&wasm_instance_type, &wasm_function_type, &wasm_types_type, &wasm_typed_type,
                                          &wasm_guard_type};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (PyModule_AddType(module, types[i])) {
            return -1;
        }
    }
    return PyType_Ready(&wasm_import_type) == 0 && wasm_values_ready() && wasm_guard_ready() ? 0 : -1;
}

PyObject *motet_wasm_module(void) {
    PyObject *module = PyModule_Create(&definition);
    if (module != NULL && add_types(module)) {
        Py_CLEAR(module);
    }
    return module;
}
