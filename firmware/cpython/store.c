// SPDX-License-Identifier: Apache-2.0
// motet_native.store on CPython: the module and its error.
#include "store.h"

PyObject *store_error;

PyObject *store_raise(int result, const FlashObject *flash) {
    struct store_meaning meaning = store_meaning(flash->dead ? STORE_POWER : result);
    PyObject *arguments = Py_BuildValue("(ss)", meaning.text, meaning.word);
    if (arguments != NULL) {
        PyErr_SetObject(store_error, arguments);
        Py_DECREF(arguments);
    }
    return NULL;
}

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "motet_native.store",
    .m_doc = "Values and artifacts that survive power cuts, on NOR flash.",
    .m_size = -1,
};

PyObject *motet_store_module(void) {
    PyObject *module = PyModule_Create(&definition);
    store_error = PyErr_NewException("motet_native.store.Error", NULL, NULL);
    if (module != NULL &&
        (store_error == NULL || PyModule_AddObjectRef(module, "Error", store_error) ||
         PyModule_AddType(module, &store_flash_type) || PyModule_AddType(module, &store_store_type))) {
        Py_CLEAR(module);
    }
    return module;
}
