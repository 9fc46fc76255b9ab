// SPDX-License-Identifier: Apache-2.0
// What an Instance shows of itself: linear memory, fuel, the last trap.
#include "wasm.h"

#include <string.h>

#include "py/runtime.h"

// The bytes [offset, offset + length) of the linear memory; raises IndexError outside of it.
static uint8_t *span(wasm_instance_t *self, mp_int_t offset, size_t length) {
    size_t size;
    wasm_check_open(self);
    uint8_t *memory = motet_wasm_memory(&self->engine, &size);
    if (offset < 0 || (size_t)offset > size || length > size - (size_t)offset) {
        mp_raise_msg_varg(&mp_type_IndexError, MP_ERROR_TEXT("%u bytes at %d are outside the memory of %u bytes"),
                          (unsigned)length, (int)offset, (unsigned)size);
    }
    return memory == NULL ? (uint8_t *)self : memory + offset;
}

static mp_obj_t wasm_read(mp_obj_t self_in, mp_obj_t offset, mp_obj_t length_in) {
    mp_int_t length = mp_obj_get_int(length_in);
    // A negative length becomes one that no memory has.
    const uint8_t *from = span(MP_OBJ_TO_PTR(self_in), mp_obj_get_int(offset), (size_t)length);
    return mp_obj_new_bytes(from, (size_t)length);
}
MP_DEFINE_CONST_FUN_OBJ_3(wasm_read_obj, wasm_read);

static mp_obj_t wasm_write(mp_obj_t self_in, mp_obj_t offset, mp_obj_t data_in) {
    mp_buffer_info_t data;
    mp_get_buffer_raise(data_in, &data, MP_BUFFER_READ);
    memcpy(span(MP_OBJ_TO_PTR(self_in), mp_obj_get_int(offset), data.len), data.buf, data.len);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_3(wasm_write_obj, wasm_write);

static void set_fuel(wasm_instance_t *self, mp_obj_t value) {
    wasm_check_open(self);
    if (mp_obj_is_small_int(value) && MP_OBJ_SMALL_INT_VALUE(value) >= 0 &&
        (uint64_t)MP_OBJ_SMALL_INT_VALUE(value) <= UINT32_MAX) {
        self->engine.fuel = (uint32_t)MP_OBJ_SMALL_INT_VALUE(value);
        return;
    }
    mp_obj_t most = mp_obj_new_int_from_uint(UINT32_MAX);
    if (!mp_obj_is_int(value) || mp_obj_is_true(mp_binary_op(MP_BINARY_OP_LESS, value, MP_OBJ_NEW_SMALL_INT(0))) ||
        mp_obj_is_true(mp_binary_op(MP_BINARY_OP_MORE, value, most))) {
        mp_raise_ValueError(MP_ERROR_TEXT("fuel must be 0 to 4294967295"));
    }
    self->engine.fuel = (uint32_t)mp_obj_get_int_truncated(value);
}

static mp_obj_t get(wasm_instance_t *self, qstr attr) {
    size_t length;
    switch (attr) {
    case MP_QSTR_fuel:
        return mp_obj_new_int_from_uint(self->engine.fuel);
    case MP_QSTR_trap:
        return self->engine.trap == NULL ? mp_const_none : mp_obj_new_str(self->engine.trap, strlen(self->engine.trap));
    case MP_QSTR_memory_bytes:
        wasm_check_open(self);
        motet_wasm_memory(&self->engine, &length);
        return mp_obj_new_int_from_uint(length);
    default:
        return MP_OBJ_NULL;
    }
}

// MicroPython's protocol: dest[0] is null for a load, the sentinel for a store; null after a store means
// done.
void wasm_instance_attr(mp_obj_t self_in, qstr attr, mp_obj_t *dest) {
    wasm_instance_t *self = MP_OBJ_TO_PTR(self_in);
    if (dest[0] == MP_OBJ_NULL) {
        dest[0] = get(self, attr);
        if (dest[0] == MP_OBJ_NULL) {
            dest[1] = MP_OBJ_SENTINEL; // go on in the locals dictionary
        }
    } else if (dest[1] != MP_OBJ_NULL && attr == MP_QSTR_fuel) {
        set_fuel(self, dest[1]);
        dest[0] = MP_OBJ_NULL;
    }
}
