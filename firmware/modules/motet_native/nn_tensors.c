// SPDX-License-Identifier: Apache-2.0
// What a model says about itself.
#include "nn_model.h"

#include <string.h>

#include "py/runtime.h"
#include "py/unicode.h"

static mp_obj_t describe(const nn_tensor *tensor) {
    mp_obj_t shape[NN_MAX_RANK];
    for (uint32_t i = 0; i < tensor->rank; i++) {
        shape[i] = MP_OBJ_NEW_SMALL_INT(tensor->shape[i]);
    }
    // A name that is not UTF-8 says nothing.
    bool text = utf8_check((const byte *)tensor->name, tensor->name_length);
    const char *type = nn_type_name(tensor->type);
    mp_obj_t fields[] = {
        mp_obj_new_str(tensor->name, text ? tensor->name_length : 0),
        mp_obj_new_tuple(tensor->rank, shape),
        mp_obj_new_str(type, strlen(type)),
        mp_obj_new_float((mp_float_t)tensor->scale),
        MP_OBJ_NEW_SMALL_INT(tensor->zero_point),
    };
    return mp_obj_new_tuple(MP_ARRAY_SIZE(fields), fields);
}

static mp_obj_t describe_all(motet_nn_model_t *self, uint32_t count, nn_tensor (*tensor)(const nn_model *, uint32_t)) {
    mp_obj_tuple_t *all = MP_OBJ_TO_PTR(mp_obj_new_tuple(count, NULL));
    for (uint32_t i = 0; i < count; i++) {
        all->items[i] = mp_const_none; // the collector may look at it while it fills
    }
    for (uint32_t i = 0; i < count; i++) {
        nn_tensor one = tensor(self->model, i);
        all->items[i] = describe(&one);
    }
    return MP_OBJ_FROM_PTR(all);
}

static mp_obj_t operator_names(motet_nn_model_t *self) {
    uint32_t count = nn_operators(self->model);
    mp_obj_tuple_t *names = MP_OBJ_TO_PTR(mp_obj_new_tuple(count, NULL));
    for (uint32_t i = 0; i < count; i++) {
        const char *name = nn_operator_name(self->model, i);
        names->items[i] = MP_OBJ_NEW_QSTR(qstr_from_str(name)); // interned: a model repeats few names
    }
    return MP_OBJ_FROM_PTR(names);
}

static void set_steps(motet_nn_model_t *self, mp_obj_t value) {
    mp_int_t steps = mp_obj_get_int(value);
    if (steps < 0 || steps > INT32_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("steps must be 0 to 2147483647"));
    }
    self->steps = (uint32_t)steps;
}

static mp_obj_t load_attribute(motet_nn_model_t *self, qstr name) {
    switch (name) {
    case MP_QSTR_inputs:
        return describe_all(self, nn_inputs(self->model), nn_input);
    case MP_QSTR_outputs:
        return describe_all(self, nn_outputs(self->model), nn_output);
    case MP_QSTR_operators:
        return operator_names(self);
    case MP_QSTR_arena_bytes:
        return mp_obj_new_int_from_uint(self->arena_bytes);
    case MP_QSTR_remembers:
        return mp_obj_new_bool(nn_remembers(self->model));
    case MP_QSTR_steps:
        return mp_obj_new_int_from_uint(self->steps);
    case MP_QSTR_steps_used:
        return mp_obj_new_int_from_uint(nn_steps_used(self->model));
    default:
        return MP_OBJ_NULL;
    }
}

void motet_nn_attr(mp_obj_t self_in, qstr name, mp_obj_t *dest) {
    motet_nn_model_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] == MP_OBJ_NULL) {
        dest[0] = load_attribute(self, name);
        if (dest[0] == MP_OBJ_NULL) {
            dest[1] = MP_OBJ_SENTINEL; // look among the methods
        }
    } else if (name == MP_QSTR_steps && dest[1] != MP_OBJ_NULL) {
        set_steps(self, dest[1]);
        dest[0] = MP_OBJ_NULL;
    }
}
