// SPDX-License-Identifier: Apache-2.0
// Calls between Python and wasm code, in both directions.
#include "wasm_typed.h"

#include <string.h>

#include "py/runtime.h"

typedef struct {
    mp_obj_base_t base;
    wasm_instance_t *instance;
    struct motet_wasm_function function;
    char text[MOTET_WASM_SIGNATURE_TEXT]; // outlives the instance, unlike function.signature
} wasm_function_t;

static uint64_t big_integer(mp_obj_t object) {
    mp_obj_t high = mp_binary_op(MP_BINARY_OP_RSHIFT, object, MP_OBJ_NEW_SMALL_INT(32));
    return (uint64_t)(uint32_t)mp_obj_get_int_truncated(high) << 32 | (uint32_t)mp_obj_get_int_truncated(object);
}

static void store_integer(mp_obj_t object, uint64_t *slot) {
    if (mp_obj_is_small_int(object)) {
        *slot = (uint64_t)(int64_t)MP_OBJ_SMALL_INT_VALUE(object);
    } else if (mp_obj_is_exact_type(object, &mp_type_int)) {
        *slot = big_integer(object);
    } else {
        // Booleans and whatever else converts; raises TypeError for the rest.
        *slot = (uint64_t)(int64_t)mp_obj_get_int(object);
    }
}

static void store(mp_obj_t object, uint8_t type, uint64_t *slot) {
    if (type <= MOTET_WASM_I64) {
        store_integer(object, slot);
    } else if (type == MOTET_WASM_F32) {
        float value = (float)mp_obj_get_float(object);
        memcpy(slot, &value, sizeof value);
    } else {
        double value = (double)mp_obj_get_float(object);
        memcpy(slot, &value, sizeof value);
    }
}

static mp_obj_t load_float(const uint64_t *slot, uint8_t type) {
    float single;
    double value;
    memcpy(&single, slot, sizeof single);
    memcpy(&value, slot, sizeof value);
    return mp_obj_new_float(type == MOTET_WASM_F32 ? (mp_float_t)single : (mp_float_t)value);
}

static mp_obj_t load(const uint64_t *slot, uint8_t type) {
    switch (type) {
    case MOTET_WASM_I32:
        return mp_obj_new_int((int32_t)*slot);
    case MOTET_WASM_I64:
        return mp_obj_new_int_from_ll((int64_t)*slot);
    default:
        return load_float(slot, type);
    }
}

static void call_python(const struct motet_wasm_import *import, uint64_t *stack) {
    const struct motet_wasm_signature *signature = &import->signature;
    mp_obj_t arguments[MOTET_WASM_MAX_ARGUMENTS];
    for (size_t i = 0; i < signature->arguments; i++) {
        arguments[i] = load(stack + signature->results + i, signature->types[signature->results + i]);
    }
    mp_obj_t result = mp_call_function_n_kw(MP_OBJ_FROM_PTR(import->callable), signature->arguments, 0, arguments);
    if (signature->results != 0) {
        store(result, signature->types[0], stack);
    }
}

const char *wasm_call_host(struct motet_wasm *engine, const struct motet_wasm_import *import, uint64_t *stack) {
    wasm_instance_t *self = (wasm_instance_t *)((char *)engine - offsetof(wasm_instance_t, engine));
    nlr_buf_t nlr;
    if (nlr_push(&nlr) == 0) {
        const char *answer = NULL;
        if (mp_obj_is_type(MP_OBJ_FROM_PTR(import->callable), &wasm_import_type)) {
            answer = wasm_call_typed(MP_OBJ_FROM_PTR(import->callable), stack);
        } else {
            call_python(import, stack);
        }
        nlr_pop();
        return answer;
    }
    self->raised = MP_OBJ_FROM_PTR(nlr.ret_val);
    return motet_wasm_host_failed;
}

static mp_obj_t invoke(const wasm_function_t *self, const uint64_t *values) {
    wasm_instance_t *instance = self->instance;
    // Converting the arguments may have run Python code, which might have closed the instance.
    wasm_check_open(instance);
    const struct motet_wasm_signature *signature = &self->function.signature;
    uint64_t *frame = motet_wasm_frame(&instance->engine, &self->function);
    if (frame == NULL) {
        mp_raise_msg(&wasm_trap_type, MP_ERROR_TEXT("stack overflow"));
    }
    memcpy(frame + signature->results, values, signature->arguments * sizeof *values);
    instance->depth++;
    const char *trap = motet_wasm_call(&instance->engine, &self->function);
    instance->depth--;
    if (trap != NULL) {
        wasm_raise(instance, trap);
    }
    return signature->results == 0 ? mp_const_none : load(frame, signature->types[0]);
}

static mp_obj_t function_call(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    const wasm_function_t *self = MP_OBJ_TO_PTR(self_in);
    const struct motet_wasm_signature *signature = &self->function.signature;
    uint64_t values[MOTET_WASM_MAX_ARGUMENTS];
    mp_arg_check_num(n_args, n_kw, signature->arguments, signature->arguments, false);
    for (size_t i = 0; i < n_args; i++) {
        wasm_check_open(self->instance);
        store(args[i], signature->types[signature->results + i], values + i);
    }
    return invoke(self, values);
}

mp_obj_t wasm_new_function(wasm_instance_t *instance, const char *name, size_t length) {
    wasm_function_t *self = mp_obj_malloc(wasm_function_t, &wasm_function_type);
    self->instance = instance;
    // The start function runs inside, and may call imports.
    instance->depth++;
    const char *error = motet_wasm_find(&instance->engine, name, length, &self->function);
    instance->depth--;
    if (error != NULL) {
        wasm_raise(instance, error);
    }
    motet_wasm_signature_text(self->function.signature, self->text);
    return MP_OBJ_FROM_PTR(self);
}

static void function_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    const wasm_function_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] == MP_OBJ_NULL && attr == MP_QSTR_signature) {
        dest[0] = mp_obj_new_str(self->text, strlen(self->text));
    }
}

MP_DEFINE_CONST_OBJ_TYPE(wasm_function_type, MP_QSTR_Function, MP_TYPE_FLAG_NONE, call, function_call, attr,
                         function_attr);
