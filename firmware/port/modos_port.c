// SPDX-License-Identifier: Apache-2.0
// os.urandom; included by extmod/modos.c.
#include "random.h"

#include "py/objstr.h"

static mp_obj_t mp_os_urandom(mp_obj_t count_in) {
    mp_int_t count = mp_obj_get_int(count_in);
    if (count < 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("negative count"));
    }
    vstr_t bytes;
    vstr_init_len(&bytes, (size_t)count);
    port_random((uint8_t *)bytes.buf, (size_t)count);
    return mp_obj_new_bytes_from_vstr(&bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_1(mp_os_urandom_obj, mp_os_urandom);
