// SPDX-License-Identifier: Apache-2.0
// The Types type of motet_native.wasm: a type descriptor made ready.
#include "wasm_typed.h"

#include <string.h>

#include "py/runtime.h"

static mp_obj_t name_object(const struct motet_abi_types *types, uint16_t name) {
    size_t length;
    const char *text = motet_abi_name(types, name, &length);
    return mp_obj_new_str(text, length);
}

static void make_keys(struct motet_abi_types *types) {
    for (unsigned i = 0; i < types->member_count; i++) {
        struct motet_abi_member *member = &types->members[i];
        if (member->name != 0) {
            member->key = MP_OBJ_TO_PTR(name_object(types, member->name));
        }
    }
}

// Tables come from the collected heap: what they point to stays alive with them.
static void allocate(struct motet_abi_types *types) {
    types->types = m_new0(struct motet_abi_type, types->type_count);
    types->members = m_new0(struct motet_abi_member, types->member_count);
    types->functions = m_new0(struct motet_abi_function, types->function_count);
}

static mp_obj_t types_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_buffer_info_t data;
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    // Read in place for as long as the types live: it must not change or move.
    if (!mp_obj_is_type(args[0], &mp_type_bytes)) {
        mp_raise_TypeError(MP_ERROR_TEXT("expected bytes"));
    }
    mp_get_buffer_raise(args[0], &data, MP_BUFFER_READ);
    wasm_types_t *self = mp_obj_malloc(wasm_types_t, type);
    memset(&self->types, 0, sizeof self->types);
    self->data = args[0];
    const char *error = motet_abi_measure(&self->types, data.buf, data.len);
    if (error == NULL) {
        allocate(&self->types);
        error = motet_abi_compile(&self->types, data.len);
    }
    if (error != NULL) {
        mp_raise_msg_varg(&wasm_error_type, MP_ERROR_TEXT("%s"), error);
    }
    make_keys(&self->types);
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t types_functions(mp_obj_t self_in) {
    const wasm_types_t *self = MP_OBJ_TO_PTR(self_in);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (unsigned i = 0; i < self->types.function_count; i++) {
        mp_obj_list_append(list, name_object(&self->types, self->types.functions[i].name));
    }
    return list;
}
static MP_DEFINE_CONST_FUN_OBJ_1(types_functions_obj, types_functions);

static const mp_rom_map_elem_t types_table[] = {
    {MP_ROM_QSTR(MP_QSTR_functions), MP_ROM_PTR(&types_functions_obj)},
};
static MP_DEFINE_CONST_DICT(types_dict, types_table);

MP_DEFINE_CONST_OBJ_TYPE(wasm_types_type, MP_QSTR_Types, MP_TYPE_FLAG_NONE, make_new, types_make_new, locals_dict,
                         &types_dict);
