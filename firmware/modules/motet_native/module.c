// SPDX-License-Identifier: Apache-2.0
// motet_native on MicroPython: the same names as the CPython package of that name.
#include "module.h"

#include "cancel.h"
#include "py/runtime.h"

static mp_obj_t cancel(size_t n_args, const mp_obj_t *args) {
    motet_cancelled = n_args == 0 || mp_obj_is_true(args[0]);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(cancel_obj, 0, 1, cancel);

static mp_obj_t cancel_pending(void) {
    return mp_obj_new_bool(motet_cancel_pending());
}
static MP_DEFINE_CONST_FUN_OBJ_0(cancel_pending_obj, cancel_pending);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_motet_native)},
    {MP_ROM_QSTR(MP_QSTR_cancel), MP_ROM_PTR(&cancel_obj)},
    {MP_ROM_QSTR(MP_QSTR_cancel_pending), MP_ROM_PTR(&cancel_pending_obj)},
    {MP_ROM_QSTR(MP_QSTR_wasm), MP_ROM_PTR(&motet_wasm_module)},
    {MP_ROM_QSTR(MP_QSTR_nn), MP_ROM_PTR(&motet_nn_module)},
    {MP_ROM_QSTR(MP_QSTR_frame), MP_ROM_PTR(&motet_frame_module)},
    {MP_ROM_QSTR(MP_QSTR_crypto), MP_ROM_PTR(&motet_crypto_module)},
    {MP_ROM_QSTR(MP_QSTR_store), MP_ROM_PTR(&motet_store_module)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t motet_native_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_motet_native, motet_native_module);
