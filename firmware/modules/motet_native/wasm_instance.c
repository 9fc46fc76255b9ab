// SPDX-License-Identifier: Apache-2.0
// The Instance type of motet_native.wasm: its life, its imports and exports.
#include "wasm_typed.h"

#include <string.h>

#include "py/runtime.h"

static bool fits(mp_int_t value) {
    return value >= 0 && (uint64_t)value <= UINT32_MAX;
}

static mp_obj_t instance_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    static const mp_arg_t allowed[] = {
        {MP_QSTR_code, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_memory, MP_ARG_INT, {.u_int = 4096}},
        {MP_QSTR_stack, MP_ARG_INT, {.u_int = 2048}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);
    mp_buffer_info_t code;
    mp_get_buffer_raise(args[0].u_obj, &code, MP_BUFFER_READ);
    if (!fits(args[1].u_int) || !fits(args[2].u_int)) {
        mp_raise_ValueError(MP_ERROR_TEXT("memory and stack must be 0 to 4294967295 bytes"));
    }
    wasm_instance_t *self = mp_obj_malloc(wasm_instance_t, type);
    memset(&self->engine, 0, sizeof self->engine);
    self->code = args[0].u_obj;
    self->raised = MP_OBJ_NULL;
    self->depth = 0;
    const char *error = motet_wasm_load(&self->engine, code.buf, code.len, (uint32_t)args[1].u_int,
                                        (uint32_t)args[2].u_int, wasm_call_host);
    if (error != NULL) {
        wasm_raise(self, error);
    }
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t signature_object(struct motet_wasm_signature signature) {
    char text[MOTET_WASM_SIGNATURE_TEXT];
    motet_wasm_signature_text(signature, text);
    return mp_obj_new_str(text, strlen(text));
}

static mp_obj_t instance_imports(mp_obj_t self_in) {
    const wasm_instance_t *self = MP_OBJ_TO_PTR(self_in);
    wasm_check_open(self);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (uint32_t i = 0; i < self->engine.import_count; i++) {
        const struct motet_wasm_import *import = &self->engine.imports[i];
        mp_obj_t row[] = {
            mp_obj_new_str(import->module, strlen(import->module)),
            mp_obj_new_str(import->name, strlen(import->name)),
            signature_object(import->signature),
        };
        mp_obj_list_append(list, mp_obj_new_tuple(MP_ARRAY_SIZE(row), row));
    }
    return list;
}
static MP_DEFINE_CONST_FUN_OBJ_1(instance_imports_obj, instance_imports);

static mp_obj_t instance_exports(mp_obj_t self_in) {
    const wasm_instance_t *self = MP_OBJ_TO_PTR(self_in);
    wasm_check_open(self);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    struct motet_wasm_export export = {0};
    while (motet_wasm_next_export(&self->engine, &export)) {
        mp_obj_t row[] = {
            mp_obj_new_str(export.name, export.length),
            signature_object(motet_wasm_export_signature(&self->engine, &export)),
        };
        mp_obj_list_append(list, mp_obj_new_tuple(MP_ARRAY_SIZE(row), row));
    }
    return list;
}
static MP_DEFINE_CONST_FUN_OBJ_1(instance_exports_obj, instance_exports);

static mp_obj_t instance_link(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    wasm_instance_t *self = MP_OBJ_TO_PTR(args[0]);
    const char *module = mp_obj_str_get_str(args[1]);
    const char *name = mp_obj_str_get_str(args[2]);
    wasm_check_open(self);
    if (!mp_obj_is_callable(args[3])) {
        mp_raise_TypeError(MP_ERROR_TEXT("link() needs a callable"));
    }
    const char *error = motet_wasm_link(&self->engine, module, name, MP_OBJ_TO_PTR(args[3]));
    if (error != NULL) {
        mp_raise_msg_varg(&wasm_error_type, MP_ERROR_TEXT("%s.%s: %s"), module, name, error);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(instance_link_obj, 4, 4, instance_link);

static mp_obj_t instance_find(mp_obj_t self_in, mp_obj_t name) {
    wasm_instance_t *self = MP_OBJ_TO_PTR(self_in);
    size_t length;
    const char *text = mp_obj_str_get_data(name, &length);
    wasm_check_open(self);
    return wasm_new_function(self, text, length);
}
static MP_DEFINE_CONST_FUN_OBJ_2(instance_find_obj, instance_find);

static mp_obj_t instance_close(mp_obj_t self_in) {
    wasm_instance_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->depth > 0) {
        mp_raise_msg(&wasm_error_type, MP_ERROR_TEXT("the instance is running"));
    }
    motet_wasm_unload(&self->engine);
    self->code = MP_OBJ_NULL;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(instance_close_obj, instance_close);

static const mp_rom_map_elem_t instance_table[] = {
    {MP_ROM_QSTR(MP_QSTR_imports), MP_ROM_PTR(&instance_imports_obj)},
    {MP_ROM_QSTR(MP_QSTR_exports), MP_ROM_PTR(&instance_exports_obj)},
    {MP_ROM_QSTR(MP_QSTR_link), MP_ROM_PTR(&instance_link_obj)},
    {MP_ROM_QSTR(MP_QSTR_find), MP_ROM_PTR(&instance_find_obj)},
    {MP_ROM_QSTR(MP_QSTR_typed), MP_ROM_PTR(&wasm_new_typed_obj)},
    {MP_ROM_QSTR(MP_QSTR_link_typed), MP_ROM_PTR(&wasm_link_typed_obj)},
    {MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&wasm_read_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&wasm_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&instance_close_obj)},
};
static MP_DEFINE_CONST_DICT(instance_dict, instance_table);

MP_DEFINE_CONST_OBJ_TYPE(wasm_instance_type, MP_QSTR_Instance, MP_TYPE_FLAG_NONE, make_new, instance_make_new, attr,
                         wasm_instance_attr, locals_dict, &instance_dict);
