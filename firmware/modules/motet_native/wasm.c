// SPDX-License-Identifier: Apache-2.0
// motet_native.wasm on MicroPython: the module, its errors, and what the engine asks of its host.
#include "wasm_guard.h"

#include "py/gc.h"
#include "py/objexcept.h"
#include "py/runtime.h"

// Left free below wasm code for what it leads to between two checks of the stack: an operation, a
// compilation, an import up to the interpreter's own check.
#ifndef MOTET_WASM_STACK_RESERVE
#define MOTET_WASM_STACK_RESERVE 1536
#endif

void *motet_heap_alloc(size_t size) {
    return gc_alloc(size, 0);
}

void *motet_heap_realloc(void *pointer, size_t size) {
    return gc_realloc(pointer, size, true);
}

void motet_heap_free(void *pointer) {
    gc_free(pointer);
}

char *motet_wasm_stack_floor(void) {
    return MP_STATE_THREAD(stack_top) - MP_STATE_THREAD(stack_limit) + MOTET_WASM_STACK_RESERVE;
}

void wasm_check_open(const wasm_instance_t *self) {
    if (!motet_wasm_loaded(&self->engine)) {
        mp_raise_msg(&wasm_error_type, MP_ERROR_TEXT("the instance is closed"));
    }
}

mp_obj_t wasm_exception(wasm_instance_t *self, const char *answer) {
    if (answer == motet_wasm_host_failed) {
        mp_obj_t raised = self->raised;
        self->raised = MP_OBJ_NULL;
        return raised;
    }
    if (answer == motet_wasm_no_memory) {
        return mp_obj_new_exception_msg(&mp_type_MemoryError, MP_ERROR_TEXT("out of memory"));
    }
    return mp_obj_new_exception_msg_varg(answer == self->engine.trap ? &wasm_trap_type : &wasm_error_type,
                                         MP_ERROR_TEXT("%s"), answer);
}

MP_NORETURN void wasm_raise(wasm_instance_t *self, const char *answer) {
    nlr_raise(wasm_exception(self, answer));
}

MP_DEFINE_CONST_OBJ_TYPE(wasm_error_type, MP_QSTR_Error, MP_TYPE_FLAG_NONE, make_new, mp_obj_exception_make_new, print,
                         mp_obj_exception_print, attr, mp_obj_exception_attr, parent, &mp_type_Exception);
MP_DEFINE_CONST_OBJ_TYPE(wasm_trap_type, MP_QSTR_Trap, MP_TYPE_FLAG_NONE, make_new, mp_obj_exception_make_new, print,
                         mp_obj_exception_print, attr, mp_obj_exception_attr, parent, &wasm_error_type);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_wasm)},
    {MP_ROM_QSTR(MP_QSTR_Error), MP_ROM_PTR(&wasm_error_type)},
    {MP_ROM_QSTR(MP_QSTR_Trap), MP_ROM_PTR(&wasm_trap_type)},
    {MP_ROM_QSTR(MP_QSTR_Instance), MP_ROM_PTR(&wasm_instance_type)},
    {MP_ROM_QSTR(MP_QSTR_Function), MP_ROM_PTR(&wasm_function_type)},
    {MP_ROM_QSTR(MP_QSTR_Types), MP_ROM_PTR(&wasm_types_type)},
    {MP_ROM_QSTR(MP_QSTR_Typed), MP_ROM_PTR(&wasm_typed_type)},
    {MP_ROM_QSTR(MP_QSTR_Guard), MP_ROM_PTR(&wasm_guard_type)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t motet_wasm_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
