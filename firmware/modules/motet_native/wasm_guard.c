// SPDX-License-Identifier: Apache-2.0
// Guard: the callable behind an import that a grant covers. At each call it asks the grant, then the capability, then
// does the work; what is raised becomes what motet_core/imports.py makes of it.
#include "wasm_guard.h"

#include <string.h>

#include "py/runtime.h"

// As many as any function of the contracts has, and some more.
#define MOST_ARGUMENTS 8

static mp_obj_t guard_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 6, 6, false);
    wasm_guard_t *self = mp_obj_malloc(wasm_guard_t, type);
    self->imports = args[0];
    self->device = mp_load_attr(args[0], MP_QSTR_device);
    self->path = args[1];
    self->capability = args[2];
    self->check = args[3];
    self->work = args[4];
    self->kind = args[5];
    memset(self->routes, 0, sizeof self->routes);
    self->next = 0;
    return MP_OBJ_FROM_PTR(self);
}

void wasm_guard_check_grant(const wasm_guard_t *self) {
    // Taken anew each time: it may have been renewed.
    mp_obj_t grant = mp_load_attr(self->imports, MP_QSTR_grant);
    if (mp_load_attr(grant, MP_QSTR_good) != mp_load_attr(self->device, MP_QSTR_clock)) {
        mp_obj_t method[3];
        mp_load_method(grant, MP_QSTR_check_now, method);
        method[2] = self->device;
        mp_call_method_n_kw(1, 0, method);
    }
}

mp_obj_t wasm_guard_failed(const wasm_guard_t *self, mp_obj_t raised) {
    const mp_obj_type_t *type = mp_obj_get_type(raised);
    if (mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(type), MP_OBJ_FROM_PTR(&mp_type_MemoryError)) ||
        !mp_obj_is_subclass_fast(MP_OBJ_FROM_PTR(type), MP_OBJ_FROM_PTR(&mp_type_Exception))) {
        nlr_raise(raised);
    }
    mp_obj_t method[6];
    mp_load_method(self->imports, MP_QSTR_failed, method);
    method[2] = self->path;
    method[3] = self->capability;
    method[4] = self->kind;
    method[5] = raised;
    return mp_call_method_n_kw(4, 0, method);
}

static mp_obj_t work(const wasm_guard_t *self, size_t count, const mp_obj_t *arguments) {
    mp_obj_t all[1 + MOST_ARGUMENTS];
    all[0] = self->capability;
    memcpy(all + 1, arguments, count * sizeof *all);
    wasm_guard_check_grant(self);
    if (!mp_obj_is_true(mp_load_attr(self->capability, MP_QSTR_free))) {
        mp_call_function_n_kw(self->check, count + 1, 0, all);
    }
    return mp_call_function_n_kw(self->work, count + 1, 0, all);
}

// {"tag": "ok", "val": value}, unless the function has no WIT result.
static mp_obj_t wrapped(const wasm_guard_t *self, mp_obj_t value) {
    if (self->kind == MP_OBJ_NEW_SMALL_INT(WASM_GUARD_PLAIN)) {
        return value;
    }
    mp_obj_t result = mp_obj_new_dict(2);
    mp_obj_dict_store(result, MP_OBJ_NEW_QSTR(MP_QSTR_tag), MP_OBJ_NEW_QSTR(MP_QSTR_ok));
    if (self->kind != MP_OBJ_NEW_SMALL_INT(WASM_GUARD_EMPTY)) {
        mp_obj_dict_store(result, MP_OBJ_NEW_QSTR(MP_QSTR_val), value);
    }
    return result;
}

static mp_obj_t guard_call(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const wasm_guard_t *self = MP_OBJ_TO_PTR(self_in);
    nlr_buf_t nlr;
    mp_arg_check_num(n_args, n_kw, 0, MOST_ARGUMENTS, false);
    if (nlr_push(&nlr) == 0) {
        mp_obj_t value = work(self, n_args, args);
        nlr_pop();
        return wrapped(self, value);
    }
    return wasm_guard_failed(self, MP_OBJ_FROM_PTR(nlr.ret_val));
}

static const mp_rom_map_elem_t guard_table[] = {
    {MP_ROM_QSTR(MP_QSTR_route), MP_ROM_PTR(&wasm_guard_route_obj)},
};
static MP_DEFINE_CONST_DICT(guard_dict, guard_table);

MP_DEFINE_CONST_OBJ_TYPE(wasm_guard_type, MP_QSTR_Guard, MP_TYPE_FLAG_NONE, make_new, guard_make_new, call, guard_call,
                         locals_dict, &guard_dict);
