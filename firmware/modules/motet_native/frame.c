// SPDX-License-Identifier: Apache-2.0
// motet_native.frame on MicroPython: the module, its functions and the hooks for ports.
#include "frame.h"

#include <string.h>

#include "frame/cobs.h"
#include "frame/crc32.h"
#include "module.h"
#include "py/runtime.h"

MP_WEAK uint32_t motet_link_lock(void) {
    return 0;
}

MP_WEAK void motet_link_unlock(uint32_t state) {
    (void)state;
}

MP_WEAK void motet_link_kick(void) {
}

static mp_obj_t crc32(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kwargs) {
    static const mp_arg_t allowed[] = {
        {MP_QSTR_data, MP_ARG_REQUIRED | MP_ARG_OBJ, {.u_obj = MP_OBJ_NULL}},
        {MP_QSTR_seed, MP_ARG_OBJ, {.u_obj = MP_OBJ_NEW_SMALL_INT(0)}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kwargs, MP_ARRAY_SIZE(allowed), allowed, args);
    mp_buffer_info_t data;
    mp_get_buffer_raise(args[0].u_obj, &data, MP_BUFFER_READ);
    uint32_t seed = (uint32_t)mp_obj_get_int_truncated(args[1].u_obj);
    return mp_obj_new_int_from_uint(frame_crc32(seed, data.buf, data.len));
}
static MP_DEFINE_CONST_FUN_OBJ_KW(crc32_obj, 1, crc32);

static mp_obj_t encode(mp_obj_t payload) {
    mp_buffer_info_t data;
    mp_get_buffer_raise(payload, &data, MP_BUFFER_READ);
    size_t sealed = data.len + FRAME_CRC_LENGTH;
    uint8_t *body = m_new(uint8_t, sealed);
    memcpy(body, data.buf, data.len);
    frame_seal(body, data.len, 0);
    vstr_t frame;
    vstr_init_len(&frame, COBS_ENCODED_SIZE(sealed));
    cobs_encoder_t encoder;
    cobs_encode(&encoder, body, sealed, false);
    frame.len = cobs_read(&encoder, (uint8_t *)frame.buf, frame.len);
    m_del(uint8_t, body, sealed);
    return mp_obj_new_bytes_from_vstr(&frame);
}
static MP_DEFINE_CONST_FUN_OBJ_1(encode_obj, encode);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_frame)},
    {MP_ROM_QSTR(MP_QSTR_crc32), MP_ROM_PTR(&crc32_obj)},
    {MP_ROM_QSTR(MP_QSTR_encode), MP_ROM_PTR(&encode_obj)},
    {MP_ROM_QSTR(MP_QSTR_Decoder), MP_ROM_PTR(&frame_decoder_type)},
    {MP_ROM_QSTR(MP_QSTR_Link), MP_ROM_PTR(&frame_link_type)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t motet_frame_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
