// SPDX-License-Identifier: Apache-2.0
// motet_native.crypto on MicroPython.
#include "crypto/ed25519.h"
#include "crypto/sha2.h"
#include "module.h"
#include "py/runtime.h"

static mp_obj_t hash256(mp_obj_t message) {
    uint8_t digest[SHA256_LENGTH];
    mp_buffer_info_t data;
    mp_get_buffer_raise(message, &data, MP_BUFFER_READ);
    motet_sha256(data.buf, data.len, digest);
    return mp_obj_new_bytes(digest, sizeof digest);
}
static MP_DEFINE_CONST_FUN_OBJ_1(hash256_obj, hash256);

static mp_obj_t hash512(mp_obj_t message) {
    uint8_t digest[SHA512_LENGTH];
    mp_buffer_info_t data;
    mp_get_buffer_raise(message, &data, MP_BUFFER_READ);
    motet_sha512(data.buf, data.len, digest);
    return mp_obj_new_bytes(digest, sizeof digest);
}
static MP_DEFINE_CONST_FUN_OBJ_1(hash512_obj, hash512);

static const uint8_t *sized(mp_obj_t object, size_t length, qstr name) {
    mp_buffer_info_t data;
    mp_get_buffer_raise(object, &data, MP_BUFFER_READ);
    if (data.len != length) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("%q: expected %u bytes, got %u"), name, (unsigned)length,
                          (unsigned)data.len);
    }
    return data.buf;
}

static mp_obj_t verify(mp_obj_t key, mp_obj_t signature, mp_obj_t message) {
    mp_buffer_info_t data;
    mp_get_buffer_raise(message, &data, MP_BUFFER_READ);
    const uint8_t *point = sized(key, ED25519_KEY_LENGTH, MP_QSTR_key);
    return mp_obj_new_bool(
        ed25519_verify(point, sized(signature, ED25519_SIGNATURE_LENGTH, MP_QSTR_signature), data.buf, data.len));
}
static MP_DEFINE_CONST_FUN_OBJ_3(verify_obj, verify);

static mp_obj_t usable(mp_obj_t key) {
    return mp_obj_new_bool(ed25519_key_usable(sized(key, ED25519_KEY_LENGTH, MP_QSTR_key)));
}
static MP_DEFINE_CONST_FUN_OBJ_1(usable_obj, usable);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_crypto)},
    {MP_ROM_QSTR(MP_QSTR_sha256), MP_ROM_PTR(&hash256_obj)},
    {MP_ROM_QSTR(MP_QSTR_sha512), MP_ROM_PTR(&hash512_obj)},
    {MP_ROM_QSTR(MP_QSTR_ed25519_verify), MP_ROM_PTR(&verify_obj)},
    {MP_ROM_QSTR(MP_QSTR_ed25519_key_usable), MP_ROM_PTR(&usable_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t motet_crypto_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};
