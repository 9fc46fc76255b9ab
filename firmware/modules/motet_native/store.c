// SPDX-License-Identifier: Apache-2.0
// motet_native.store on MicroPython; the same API as on CPython, described in firmware/cpython/motet_native/store.pyi.
#include "store.h"

#include <string.h>

#include "module.h"
#include "py/objexcept.h"
#include "py/runtime.h"

static MP_DEFINE_CONST_OBJ_TYPE(error_type, MP_QSTR_Error, MP_TYPE_FLAG_NONE, make_new, mp_obj_exception_make_new,
                                print, mp_obj_exception_print, attr, mp_obj_exception_attr, parent, &mp_type_Exception);

void motet_store_check(int result) {
    if (result != STORE_OK) {
        struct store_meaning meaning = store_meaning(result);
        mp_obj_t args[2] = {mp_obj_new_str(meaning.text, strlen(meaning.text)),
                            mp_obj_new_str(meaning.word, strlen(meaning.word))};
        nlr_raise(mp_obj_new_exception_args(&error_type, 2, args));
    }
}

struct store_text motet_store_text(mp_obj_t object) {
    size_t length;
    const char *bytes = mp_obj_str_get_data(object, &length);
    // Longer ones are refused by the store; the cast must not shorten them.
    return (struct store_text){bytes, length > UINT16_MAX ? UINT16_MAX : (uint32_t)length};
}

static mp_obj_t store_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    static const mp_arg_t allowed[] = {
        {MP_QSTR_flash, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_board, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_format, MP_ARG_BOOL, {.u_bool = false}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);
    if (!mp_obj_is_type(args[0].u_obj, &motet_flash_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("expected a Flash"));
    }
    motet_store_obj_t *self = mp_obj_malloc(motet_store_obj_t, type);
    self->flash = MP_OBJ_TO_PTR(args[0].u_obj);
    int result = store_mount(&self->store, self->flash->flash, &self->flash->layout, mp_obj_str_get_str(args[1].u_obj));
    if (args[2].u_bool && result != STORE_INVALID) {
        result = store_format(&self->store);
    }
    motet_store_check(result);
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t store_py_get(mp_obj_t self_in, mp_obj_t space, mp_obj_t key) {
    const motet_store_obj_t *self = MP_OBJ_TO_PTR(self_in);
    struct store_text value;
    if (store_get(&self->store, motet_store_text(space), motet_store_text(key), &value) != STORE_OK) {
        return mp_const_none;
    }
    return mp_obj_new_bytes(value.bytes, value.length);
}
static MP_DEFINE_CONST_FUN_OBJ_3(store_get_obj, store_py_get);

static mp_obj_t store_py_put(size_t n_args, const mp_obj_t *args) {
    motet_store_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_buffer_info_t data;
    mp_get_buffer_raise(args[3], &data, MP_BUFFER_READ);
    struct store_text value = {data.buf, data.len > UINT16_MAX ? UINT16_MAX : (uint32_t)data.len};
    mp_int_t quota = n_args > 4 ? mp_obj_get_int(args[4]) : 0;
    motet_store_check(
        store_put(&self->store, motet_store_text(args[1]), motet_store_text(args[2]), value, (uint32_t)quota));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(store_put_obj, 4, 5, store_py_put);

static mp_obj_t store_py_delete(mp_obj_t self_in, mp_obj_t space, mp_obj_t key) {
    motet_store_obj_t *self = MP_OBJ_TO_PTR(self_in);
    int result = store_delete(&self->store, motet_store_text(space), motet_store_text(key));
    if (result != STORE_NOT_FOUND) {
        motet_store_check(result);
    }
    return mp_obj_new_bool(result == STORE_OK);
}
static MP_DEFINE_CONST_FUN_OBJ_3(store_delete_obj, store_py_delete);

static mp_obj_t store_py_keys(mp_obj_t self_in, mp_obj_t space) {
    const motet_store_obj_t *self = MP_OBJ_TO_PTR(self_in);
    struct store_walk walk = {0};
    mp_obj_t keys = mp_obj_new_list(0, NULL);
    while (store_next(&self->store, motet_store_text(space), &walk)) {
        mp_obj_list_append(keys, mp_obj_new_bytes(walk.key.bytes, walk.key.length));
    }
    return keys;
}
static MP_DEFINE_CONST_FUN_OBJ_2(store_keys_obj, store_py_keys);

static mp_obj_t store_py_usage(mp_obj_t self_in, mp_obj_t space) {
    const motet_store_obj_t *self = MP_OBJ_TO_PTR(self_in);
    return mp_obj_new_int_from_uint(store_usage(&self->store, motet_store_text(space)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(store_usage_obj, store_py_usage);

static mp_obj_t store_py_format(mp_obj_t self_in) {
    motet_store_obj_t *self = MP_OBJ_TO_PTR(self_in);
    motet_store_check(store_format(&self->store));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(store_format_obj, store_py_format);

static mp_obj_t store_py_stats(mp_obj_t self_in) {
    const motet_store_obj_t *self = MP_OBJ_TO_PTR(self_in);
    struct store_stats stats;
    store_stats(&self->store, &stats);
    const struct {
        qstr name;
        uint32_t value;
    } rows[] = {
        {MP_QSTR_sectors, stats.sectors},         {MP_QSTR_free, stats.free},
        {MP_QSTR_retired, stats.retired},         {MP_QSTR_least_erases, stats.least_erases},
        {MP_QSTR_most_erases, stats.most_erases}, {MP_QSTR_torn, stats.torn},
        {MP_QSTR_damaged, stats.damaged},         {MP_QSTR_slots, stats.slots},
        {MP_QSTR_slots_free, stats.slots_free},   {MP_QSTR_slots_retired, stats.slots_retired},
    };
    mp_obj_t table = mp_obj_new_dict(MP_ARRAY_SIZE(rows));
    for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
        mp_obj_dict_store(table, MP_OBJ_NEW_QSTR(rows[i].name), mp_obj_new_int_from_uint(rows[i].value));
    }
    return table;
}
static MP_DEFINE_CONST_FUN_OBJ_1(store_stats_obj, store_py_stats);

static const mp_rom_map_elem_t methods_table[] = {
    {MP_ROM_QSTR(MP_QSTR_get), MP_ROM_PTR(&store_get_obj)},
    {MP_ROM_QSTR(MP_QSTR_put), MP_ROM_PTR(&store_put_obj)},
    {MP_ROM_QSTR(MP_QSTR_delete), MP_ROM_PTR(&store_delete_obj)},
    {MP_ROM_QSTR(MP_QSTR_keys), MP_ROM_PTR(&store_keys_obj)},
    {MP_ROM_QSTR(MP_QSTR_usage), MP_ROM_PTR(&store_usage_obj)},
    {MP_ROM_QSTR(MP_QSTR_format), MP_ROM_PTR(&store_format_obj)},
    {MP_ROM_QSTR(MP_QSTR_stats), MP_ROM_PTR(&store_stats_obj)},
    {MP_ROM_QSTR(MP_QSTR_begin), MP_ROM_PTR(&motet_store_begin_obj)},
    {MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&motet_store_write_obj)},
    {MP_ROM_QSTR(MP_QSTR_finish), MP_ROM_PTR(&motet_store_finish_obj)},
    {MP_ROM_QSTR(MP_QSTR_commit), MP_ROM_PTR(&motet_store_commit_obj)},
    {MP_ROM_QSTR(MP_QSTR_abort), MP_ROM_PTR(&motet_store_abort_obj)},
    {MP_ROM_QSTR(MP_QSTR_artifacts), MP_ROM_PTR(&motet_store_artifacts_obj)},
    {MP_ROM_QSTR(MP_QSTR_data), MP_ROM_PTR(&motet_store_data_obj)},
    {MP_ROM_QSTR(MP_QSTR_mark), MP_ROM_PTR(&motet_store_mark_obj)},
    {MP_ROM_QSTR(MP_QSTR_remove), MP_ROM_PTR(&motet_store_remove_obj)},
};
static MP_DEFINE_CONST_DICT(methods, methods_table);

MP_DEFINE_CONST_OBJ_TYPE(motet_store_type, MP_QSTR_Store, MP_TYPE_FLAG_NONE, make_new, store_make_new, locals_dict,
                         &methods);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_store)},
    {MP_ROM_QSTR(MP_QSTR_Error), MP_ROM_PTR(&error_type)},
    {MP_ROM_QSTR(MP_QSTR_Flash), MP_ROM_PTR(&motet_flash_type)},
    {MP_ROM_QSTR(MP_QSTR_Store), MP_ROM_PTR(&motet_store_type)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t motet_store_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
