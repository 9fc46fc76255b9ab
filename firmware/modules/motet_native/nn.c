// SPDX-License-Identifier: Apache-2.0
// motet_native.nn on MicroPython; the same API as on CPython, described in firmware/cpython/motet_native/nn.pyi.
// Tables and activations are two blocks of the GC heap. The model object holds both and the file.
#include "nn_model.h"

#include <string.h>

#include "module.h"
#include "py/mphal.h"
#include "py/objarray.h"
#include "py/objexcept.h"
#include "py/runtime.h"

static MP_DEFINE_CONST_OBJ_TYPE(error_type, MP_QSTR_Error, MP_TYPE_FLAG_NONE, make_new, mp_obj_exception_make_new,
                                print, mp_obj_exception_print, attr, mp_obj_exception_attr, parent, &mp_type_Exception);

static MP_NORETURN void raise_error(const nn_error *error) {
    if (error->operator_index < 0) {
        mp_raise_msg_varg(&error_type, MP_ERROR_TEXT("%s"), error->reason);
    }
    if (error->name != NULL) {
        mp_raise_msg_varg(&error_type, MP_ERROR_TEXT("operator %d (%s): %s"), (int)error->operator_index, error->name,
                          error->reason);
    }
    mp_raise_msg_varg(&error_type, MP_ERROR_TEXT("operator %d (builtin %d): %s"), (int)error->operator_index,
                      (int)error->builtin, error->reason);
}

// The bytes of a file that is named, on ports with files; or what has bytes itself.
static mp_obj_t content(mp_obj_t source) {
    if (!mp_obj_is_str(source)) {
        return source;
    }
    mp_obj_t open[2] = {source, MP_OBJ_NEW_QSTR(MP_QSTR_rb)}, method[2];
    mp_obj_t file = mp_call_function_n_kw(mp_load_global(MP_QSTR_open), 2, 0, open);
    mp_load_method(file, MP_QSTR_read, method);
    mp_obj_t bytes = mp_call_method_n_kw(0, 0, method);
    mp_load_method(file, MP_QSTR_close, method);
    mp_call_method_n_kw(0, 0, method);
    return bytes;
}

static void *allocate(size_t bytes, const char *what) {
    void *block = m_malloc_maybe(bytes);
    if (block == NULL) {
        mp_raise_msg_varg(&mp_type_MemoryError, MP_ERROR_TEXT("the model's %s need %u bytes in one block"), what,
                          (unsigned)bytes);
    }
    return block;
}

static mp_obj_t model_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, 1, false);
    mp_buffer_info_t file;
    nn_error error;
    size_t table_bytes;
    mp_obj_t bytes = content(args[0]);
    mp_get_buffer_raise(bytes, &file, MP_BUFFER_READ);
    if (!nn_measure(file.buf, file.len, &table_bytes, &error)) {
        raise_error(&error);
    }
    motet_nn_model_t *self = mp_obj_malloc(motet_nn_model_t, type);
    self->file = bytes;
    self->steps = 0;
    self->activations = NULL;
    self->model = allocate(table_bytes, "tables");
    if (nn_load(file.buf, file.len, self->model, table_bytes, &error) == NULL) {
        raise_error(&error);
    }
    size_t activation_bytes = nn_activation_bytes(self->model);
    self->activations = allocate(activation_bytes, "activations");
    self->arena_bytes = table_bytes + activation_bytes;
    if (!nn_attach(self->model, self->activations, activation_bytes, &error)) {
        raise_error(&error);
    }
    return MP_OBJ_FROM_PTR(self);
}

static mp_obj_t model_invoke(mp_obj_t self_in) {
    motet_nn_model_t *self = MP_OBJ_TO_PTR(self_in);
    nn_error error;
    if (!nn_invoke(self->model, self->steps, &error)) {
        raise_error(&error);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_invoke_obj, model_invoke);

// Nanoseconds where there is an operating system, else clock cycles of the board (instructions where it counts those).
static uint64_t profile_clock(void) {
#ifdef __unix__
    return mp_hal_time_ns();
#else
    return mp_hal_ticks_cpu();
#endif
}

static mp_obj_t model_profile(mp_obj_t self_in) {
    motet_nn_model_t *self = MP_OBJ_TO_PTR(self_in);
    nn_error error;
    uint32_t count = nn_operators(self->model);
    uint64_t *costs = m_new(uint64_t, count);
    if (!nn_profile(self->model, self->steps, profile_clock, costs, &error)) {
        raise_error(&error);
    }
    mp_obj_t rows = mp_obj_new_list(0, NULL);
    for (uint32_t i = 0; i < count; i++) {
        // A clock of 32 bits may have wrapped once.
        mp_obj_t cost = mp_obj_new_int_from_ull((mp_uint_t)costs[i]);
        mp_obj_t row[2] = {MP_OBJ_NEW_QSTR(qstr_from_str(nn_operator_name(self->model, i))), cost};
        mp_obj_list_append(rows, mp_obj_new_tuple(2, row));
    }
    m_del(uint64_t, costs, count);
    return rows;
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_profile_obj, model_profile);

static mp_obj_t model_reset(mp_obj_t self_in) {
    motet_nn_model_t *self = MP_OBJ_TO_PTR(self_in);
    nn_reset(self->model);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(model_reset_obj, model_reset);

static uint32_t get_index(mp_obj_t argument, uint32_t count) {
    mp_int_t index = mp_obj_get_int(argument);
    if (index < 0 || (mp_uint_t)index >= count) {
        mp_raise_msg_varg(&mp_type_IndexError, MP_ERROR_TEXT("tensor index %d, the model has %u"), (int)index,
                          (unsigned)count);
    }
    return (uint32_t)index;
}

// A view into the activations. It refers to their block by its head, so that the collector keeps the block.
static mp_obj_t model_input(mp_obj_t self_in, mp_obj_t argument) {
    motet_nn_model_t *self = MP_OBJ_TO_PTR(self_in);
    nn_tensor tensor = nn_input(self->model, get_index(argument, nn_inputs(self->model)));
    mp_obj_array_t *view = m_new_obj(mp_obj_array_t);
    mp_obj_memoryview_init(view, 'B' | MP_OBJ_ARRAY_TYPECODE_FLAG_RW, (size_t)(tensor.data - self->activations),
                           tensor.bytes, self->activations);
    return MP_OBJ_FROM_PTR(view);
}
static MP_DEFINE_CONST_FUN_OBJ_2(model_input_obj, model_input);

static mp_obj_t output_bytes(motet_nn_model_t *self, uint32_t index) {
    nn_tensor tensor = nn_output(self->model, index);
    return mp_obj_new_bytes(tensor.data, tensor.bytes);
}

static mp_obj_t model_output(mp_obj_t self_in, mp_obj_t argument) {
    motet_nn_model_t *self = MP_OBJ_TO_PTR(self_in);
    return output_bytes(self, get_index(argument, nn_outputs(self->model)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(model_output_obj, model_output);

static void fill_input(motet_nn_model_t *self, uint32_t index, mp_obj_t source) {
    mp_buffer_info_t buffer;
    nn_tensor tensor = nn_input(self->model, index);
    if (mp_obj_is_callable(source)) { // it gets the input's memory and fills it
        mp_call_function_1(source, model_input(MP_OBJ_FROM_PTR(self), MP_OBJ_NEW_SMALL_INT(index)));
        return;
    }
    mp_get_buffer_raise(source, &buffer, MP_BUFFER_READ);
    if (buffer.len != tensor.bytes) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("input %u has %u bytes, the model needs %u"),
                          (unsigned)index, (unsigned)buffer.len, (unsigned)tensor.bytes);
    }
    memmove(tensor.data, buffer.buf, tensor.bytes); // it may be the input's own view
}

static mp_obj_t model_predict(mp_obj_t self_in, mp_obj_t inputs_in) {
    motet_nn_model_t *self = MP_OBJ_TO_PTR(self_in);
    size_t count;
    mp_obj_t *inputs;
    mp_obj_get_array(inputs_in, &count, &inputs);
    if (count != nn_inputs(self->model)) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%u inputs, the model needs %u"), (unsigned)count,
                          (unsigned)nn_inputs(self->model));
    }
    // A copy: what fills an input may change the list.
    const mp_obj_tuple_t *sources = MP_OBJ_TO_PTR(mp_obj_new_tuple(count, inputs));
    for (size_t i = 0; i < count; i++) {
        fill_input(self, (uint32_t)i, sources->items[i]);
    }
    model_invoke(self_in);
    mp_obj_t outputs = mp_obj_new_list(0, NULL);
    for (uint32_t i = 0; i < nn_outputs(self->model); i++) {
        mp_obj_list_append(outputs, output_bytes(self, i));
    }
    return outputs;
}
static MP_DEFINE_CONST_FUN_OBJ_2(model_predict_obj, model_predict);

static const mp_rom_map_elem_t model_methods_table[] = {
    {MP_ROM_QSTR(MP_QSTR_predict), MP_ROM_PTR(&model_predict_obj)},
    {MP_ROM_QSTR(MP_QSTR_profile), MP_ROM_PTR(&model_profile_obj)},
    {MP_ROM_QSTR(MP_QSTR_invoke), MP_ROM_PTR(&model_invoke_obj)},
    {MP_ROM_QSTR(MP_QSTR_reset), MP_ROM_PTR(&model_reset_obj)},
    {MP_ROM_QSTR(MP_QSTR_input), MP_ROM_PTR(&model_input_obj)},
    {MP_ROM_QSTR(MP_QSTR_output), MP_ROM_PTR(&model_output_obj)},
};
static MP_DEFINE_CONST_DICT(model_methods, model_methods_table);

static MP_DEFINE_CONST_OBJ_TYPE(model_type, MP_QSTR_Model, MP_TYPE_FLAG_NONE, make_new, model_make_new, attr,
                                motet_nn_attr, locals_dict, &model_methods);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_nn)},
    {MP_ROM_QSTR(MP_QSTR_Error), MP_ROM_PTR(&error_type)},
    {MP_ROM_QSTR(MP_QSTR_Model), MP_ROM_PTR(&model_type)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t motet_nn_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
