// SPDX-License-Identifier: Apache-2.0
// The Decoder type of motet_native.frame.
#include "frame.h"

#include "frame/cobs.h"
#include "frame/crc32.h"
#include "py/runtime.h"

typedef struct {
    mp_obj_base_t base;
    cobs_decoder_t decoder;
    uint32_t errors, overruns;
} frame_decoder_t;

static mp_obj_t decoder_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    static const mp_arg_t allowed[] = {{MP_QSTR_limit, MP_ARG_INT, {.u_int = 1024}}};
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);
    mp_int_t limit = args[0].u_int;
    if (limit < 0 || limit > 1 << 24) {
        mp_raise_ValueError(MP_ERROR_TEXT("limit must be 0 to 16777216 bytes"));
    }
    frame_decoder_t *self = mp_obj_malloc(frame_decoder_t, type);
    size_t size = (size_t)limit + FRAME_CRC_LENGTH;
    self->errors = self->overruns = 0;
    cobs_decoder_init(&self->decoder, m_new(uint8_t, size), (uint32_t)size);
    return MP_OBJ_FROM_PTR(self);
}

static void add_frame(frame_decoder_t *self, mp_obj_t list) {
    const cobs_decoder_t *decoder = &self->decoder;
    if (frame_intact(decoder->buffer, decoder->frame_length, 0)) {
        mp_obj_list_append(list, mp_obj_new_bytes(decoder->buffer, decoder->frame_length - FRAME_CRC_LENGTH));
    } else {
        self->errors++;
    }
}

static mp_obj_t decoder_feed(mp_obj_t self_in, mp_obj_t bytes) {
    frame_decoder_t *self = MP_OBJ_TO_PTR(self_in);
    mp_buffer_info_t data;
    mp_get_buffer_raise(bytes, &data, MP_BUFFER_READ);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (size_t i = 0; i < data.len; i++) {
        cobs_event_t event = cobs_decode(&self->decoder, ((const uint8_t *)data.buf)[i]);
        self->errors += event == COBS_BROKEN;
        self->overruns += event == COBS_OVERRUN;
        if (event == COBS_FRAME) {
            add_frame(self, list);
        }
    }
    return list;
}
static MP_DEFINE_CONST_FUN_OBJ_2(decoder_feed_obj, decoder_feed);

static void decoder_attr(mp_obj_t self_in, qstr name, mp_obj_t *value) {
    const frame_decoder_t *self = MP_OBJ_TO_PTR(self_in);
    if (value[0] != MP_OBJ_NULL) {
        return; // neither set nor deleted
    }
    if (name == MP_QSTR_errors) {
        value[0] = mp_obj_new_int_from_uint(self->errors);
    } else if (name == MP_QSTR_overruns) {
        value[0] = mp_obj_new_int_from_uint(self->overruns);
    } else {
        value[1] = MP_OBJ_SENTINEL; // go on with the methods
    }
}

static const mp_rom_map_elem_t locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_feed), MP_ROM_PTR(&decoder_feed_obj)},
};
static MP_DEFINE_CONST_DICT(locals, locals_table);

MP_DEFINE_CONST_OBJ_TYPE(frame_decoder_type, MP_QSTR_Decoder, MP_TYPE_FLAG_NONE, make_new, decoder_make_new, attr,
                         decoder_attr, locals_dict, &locals);
