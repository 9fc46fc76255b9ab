// SPDX-License-Identifier: Apache-2.0
// Typed calls between Python and wasm code, in both directions.
#include "wasm_typed.h"

#include <string.h>

#include "py/runtime.h"
#include "wasm_guard.h"

// Room for a path through the deepest type, as people read it.
#define EXPLANATION 160

// The path and the open containers need not be cleared: nothing reads of them what has not been written.
static void start(wasm_typed_t *self, struct motet_abi_call *call, wasm_sink_t *sink) {
    sink->result = mp_const_none;
    sink->depth = 0;
    motet_abi_begin(call, &self->guest, sink);
}

static MP_NORETURN void raise(const wasm_typed_t *self, const struct motet_abi_call *call, const char *error) {
    if (error == motet_abi_mismatch) {
        char text[EXPLANATION];
        motet_abi_explain(call, text, sizeof text);
        mp_raise_msg_varg(call->lifting ? &mp_type_ValueError : &mp_type_TypeError, MP_ERROR_TEXT("%s"), text);
    }
    wasm_raise(self->instance, error);
}

// Whatever lifting raises, the guest gets its memory back first. The instance counts as running during all of it: keys
// of dictionaries may be objects that compare by code of their own, which must not close it.
static const char *call_guarded(wasm_instance_t *instance, struct motet_abi_call *call, const motet_abi_value *values,
                                motet_abi_value record) {
    nlr_buf_t nlr;
    instance->depth++;
    if (nlr_push(&nlr) == 0) {
        const char *error = motet_abi_call(call, values, record);
        nlr_pop();
        instance->depth--;
        return error;
    }
    motet_abi_abandon(call);
    instance->depth--;
    nlr_jump(nlr.ret_val);
}

static mp_obj_t invoke(wasm_typed_t *self, const motet_abi_value *values, motet_abi_value record) {
    wasm_sink_t sink;
    struct motet_abi_call call;
    start(self, &call, &sink);
    wasm_check_open(self->instance);
    const char *error = call_guarded(self->instance, &call, values, record);
    if (error != NULL) {
        raise(self, &call, error);
    }
    return sink.result;
}

static mp_obj_t typed_call(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    wasm_typed_t *self = MP_OBJ_TO_PTR(self_in);
    size_t count = self->guest.function->params.count;
    mp_arg_check_num(n_args, n_kw, count, count, false);
    // Without arguments there may be no array, which would mean that they are in a record.
    static const motet_abi_value none[1];
    return invoke(self, n_args == 0 ? none : (const motet_abi_value *)args, 0);
}

static mp_obj_t typed_apply(mp_obj_t self_in, mp_obj_t arguments) {
    return invoke(MP_OBJ_TO_PTR(self_in), NULL, (motet_abi_value)arguments);
}
static MP_DEFINE_CONST_FUN_OBJ_2(typed_apply_obj, typed_apply);

static wasm_typed_t *new_typed(const mp_obj_type_t *type, wasm_instance_t *instance, mp_obj_t types_in,
                               const char *name, size_t length) {
    if (!mp_obj_is_type(types_in, &wasm_types_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("expected Types"));
    }
    wasm_types_t *types = MP_OBJ_TO_PTR(types_in);
    const struct motet_abi_function *function = motet_abi_find(&types->types, name, length);
    if (function == NULL) {
        mp_raise_msg_varg(&wasm_error_type, MP_ERROR_TEXT("the types describe no function %s"), name);
    }
    wasm_typed_t *self = mp_obj_malloc(wasm_typed_t, type);
    self->instance = instance;
    self->types = types;
    self->callable = mp_const_none;
    memset(&self->guest, 0, sizeof self->guest);
    self->guest.binding = &wasm_values;
    self->guest.instance = &instance->engine;
    self->guest.types = &types->types;
    self->guest.function = function;
    return self;
}

static void bind(wasm_typed_t *self, const char *name, size_t length) {
    wasm_instance_t *instance = self->instance;
    // The start function runs inside, and may call imports.
    instance->depth++;
    const char *error = motet_abi_bind(&self->guest, name, length);
    instance->depth--;
    if (error == NULL) {
        return;
    }
    if (error == motet_wasm_host_failed || error == motet_wasm_no_memory || error == instance->engine.trap) {
        wasm_raise(instance, error);
    }
    mp_raise_msg_varg(&wasm_error_type, MP_ERROR_TEXT("%s: %s"), name, error);
}

static mp_obj_t wasm_new_typed(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    static const mp_arg_t allowed[] = {
        {MP_QSTR_name, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_types, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_json, MP_ARG_KW_ONLY | MP_ARG_BOOL, {.u_bool = false}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);
    wasm_instance_t *instance = MP_OBJ_TO_PTR(pos_args[0]);
    size_t length;
    const char *name = mp_obj_str_get_data(args[0].u_obj, &length);
    wasm_check_open(instance);
    wasm_typed_t *self = new_typed(&wasm_typed_type, instance, args[1].u_obj, name, length);
    self->guest.json = args[2].u_bool;
    bind(self, name, length);
    return MP_OBJ_FROM_PTR(self);
}
MP_DEFINE_CONST_FUN_OBJ_KW(wasm_new_typed_obj, 1, wasm_new_typed);

static const char *link_import(wasm_instance_t *instance, wasm_typed_t *typed, const char *module, const char *name) {
    for (uint32_t i = 0; i < instance->engine.import_count; i++) {
        const struct motet_wasm_import *import = &instance->engine.imports[i];
        if (strcmp(import->module, module) == 0 && strcmp(import->name, name) == 0) {
            const char *error = motet_abi_bind_import(&typed->guest, import->signature);
            return error == NULL ? motet_wasm_link(&instance->engine, module, name, typed) : error;
        }
    }
    return "the module has no such import";
}

static mp_obj_t wasm_link_typed(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    wasm_instance_t *instance = MP_OBJ_TO_PTR(args[0]);
    const char *module = mp_obj_str_get_str(args[1]), *name = mp_obj_str_get_str(args[2]);
    wasm_check_open(instance);
    vstr_t full;
    vstr_init(&full, 32);
    vstr_printf(&full, "%s#%s", module, name);
    wasm_typed_t *typed = new_typed(&wasm_import_type, instance, args[3], vstr_null_terminated_str(&full), full.len);
    vstr_clear(&full);
    typed->callable = args[4];
    const char *error = link_import(instance, typed, module, name);
    if (error != NULL) {
        mp_raise_msg_varg(&wasm_error_type, MP_ERROR_TEXT("%s#%s: %s"), module, name, error);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(wasm_link_typed_obj, 5, 5, wasm_link_typed);

static const char *passed(const wasm_typed_t *self, const struct motet_abi_call *call, const char *error) {
    if (error == motet_abi_mismatch) {
        raise(self, call, error);
    }
    return error;
}

static const char *lower_result(wasm_typed_t *self, struct motet_abi_call *call, uint64_t *stack, mp_obj_t result) {
    return passed(self, call, motet_abi_lower_result(call, stack, (motet_abi_value)result));
}

const char *wasm_call_typed(mp_obj_t import, uint64_t *stack) {
    wasm_typed_t *self = MP_OBJ_TO_PTR(import);
    wasm_sink_t sink;
    struct motet_abi_call call;
    const char *error;
    start(self, &call, &sink);
    if (mp_obj_is_type(self->callable, &wasm_guard_type) &&
        wasm_guard_pass(self, stack, &call.result, &sink.result, &error)) {
        if (sink.result != mp_const_none) {
            return lower_result(self, &call, stack, sink.result);
        }
        motet_wasm_message_blame(&call);
        return passed(self, &call, error);
    }
    error = motet_abi_lift_arguments(&call, stack);
    if (error != NULL) {
        return passed(self, &call, error);
    }
    size_t count;
    mp_obj_t *values;
    mp_obj_get_array(sink.result, &count, &values);
    return lower_result(self, &call, stack, mp_call_function_n_kw(self->callable, count, 0, values));
}

static const mp_rom_map_elem_t typed_table[] = {
    {MP_ROM_QSTR(MP_QSTR_apply), MP_ROM_PTR(&typed_apply_obj)},
};
static MP_DEFINE_CONST_DICT(typed_dict, typed_table);

MP_DEFINE_CONST_OBJ_TYPE(wasm_typed_type, MP_QSTR_Typed, MP_TYPE_FLAG_NONE, call, typed_call, locals_dict, &typed_dict);
MP_DEFINE_CONST_OBJ_TYPE(wasm_import_type, MP_QSTR_Import, MP_TYPE_FLAG_NONE);
