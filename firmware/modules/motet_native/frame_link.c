// SPDX-License-Identifier: Apache-2.0
// The Link type of motet_native.frame: its life, the wire's side and the messages.
#include "frame.h"

#include <string.h>

#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "py/unicode.h"

#define OUTPUT_ROOM 4096

static uint32_t random_epoch(void) {
    uint32_t epoch = 0;
    mp_obj_t urandom =
        mp_load_attr(mp_import_name(MP_QSTR_os, mp_const_none, MP_OBJ_NEW_SMALL_INT(0)), MP_QSTR_urandom);
    while (epoch == 0) {
        mp_buffer_info_t bytes;
        mp_get_buffer_raise(mp_call_function_1(urandom, MP_OBJ_NEW_SMALL_INT(sizeof epoch)), &bytes, MP_BUFFER_READ);
        memcpy(&epoch, bytes.buf, sizeof epoch);
    }
    return epoch;
}

static uint32_t chosen_epoch(mp_obj_t object) {
    if (object == mp_const_none) {
        return random_epoch();
    }
    uint32_t epoch = (uint32_t)mp_obj_get_int_truncated(object);
    if (epoch == 0 || !mp_obj_equal(mp_obj_new_int_from_uint(epoch), object)) {
        mp_raise_ValueError(MP_ERROR_TEXT("epoch must be 1 to 4294967295"));
    }
    return epoch;
}

// What has no 32 bits becomes 0, which is out of range everywhere.
static uint32_t narrow(mp_int_t value) {
    return value < 0 || (uint64_t)value > UINT32_MAX ? 0 : (uint32_t)value;
}

static mp_obj_t link_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    static const mp_arg_t allowed[] = {
        {MP_QSTR_mtu, MP_ARG_INT, {.u_int = 512}},
        {MP_QSTR_window, MP_ARG_INT, {.u_int = 4}},
        {MP_QSTR_epoch, MP_ARG_OBJ, {.u_obj = mp_const_none}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);
    uint32_t mtu = narrow(args[0].u_int), window = narrow(args[1].u_int);
    size_t size = link_size(mtu, window);
    if (size == 0) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("mtu must be %d to %d and window 1 to %d"), LINK_MTU_MIN,
                          LINK_MTU_MAX, LINK_WINDOW_MAX);
    }
    uint32_t epoch = chosen_epoch(args[2].u_obj);
    frame_link_t *self = mp_obj_malloc(frame_link_t, type);
    self->link = link_init(m_new(uint8_t, size), mtu, window, epoch);
    self->now = 0;
    self->told = 0;
    return MP_OBJ_FROM_PTR(self);
}

link_t *motet_frame_link_get(mp_obj_t object) {
    if (!mp_obj_is_exact_type(object, &frame_link_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("a Link is needed"));
    }
    return ((frame_link_t *)MP_OBJ_TO_PTR(object))->link;
}

static mp_obj_t feed(mp_obj_t self_in, mp_obj_t data, mp_obj_t now_ms) {
    frame_link_t *self = MP_OBJ_TO_PTR(self_in);
    mp_buffer_info_t bytes;
    mp_get_buffer_raise(data, &bytes, MP_BUFFER_READ);
    link_feed(self->link, bytes.buf, bytes.len, frame_link_time(self, now_ms));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_3(feed_obj, feed);

static mp_obj_t output(size_t n_args, const mp_obj_t *args) {
    frame_link_t *self = MP_OBJ_TO_PTR(args[0]);
    mp_int_t room = n_args > 2 ? mp_obj_get_int(args[2]) : OUTPUT_ROOM;
    uint32_t now = frame_link_time(self, args[1]);
    if (room < 1) {
        mp_raise_ValueError(MP_ERROR_TEXT("room must be at least 1"));
    }
    if (link_next_timer(self->link, now) > 0) {
        return mp_const_empty_bytes; // spares the allocation
    }
    vstr_t bytes;
    vstr_init_len(&bytes, (size_t)room);
    bytes.len = link_output(self->link, (uint8_t *)bytes.buf, bytes.len, now);
    return mp_obj_new_bytes_from_vstr(&bytes);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(output_obj, 2, 3, output);

static mp_obj_t send(mp_obj_t self_in, mp_obj_t channel_in, mp_obj_t data) {
    link_t *link = motet_frame_link_get(self_in);
    mp_int_t channel = mp_obj_get_int(channel_in);
    mp_buffer_info_t bytes;
    mp_get_buffer_raise(data, &bytes, MP_BUFFER_READ);
    if (channel < 0 || channel > LINK_CHANNEL_MAX) {
        mp_raise_msg_varg(&mp_type_ValueError, MP_ERROR_TEXT("channel must be 0 to %d, not %d"), LINK_CHANNEL_MAX,
                          (int)channel);
    }
    uint32_t state = motet_link_lock();
    link_send_t result = link_send(link, (uint8_t)channel, bytes.buf, bytes.len);
    uint32_t longest = link_longest(link);
    motet_link_unlock(state);
    if (result == LINK_TOO_LONG) {
        mp_raise_msg_varg(&mp_type_ValueError,
                          MP_ERROR_TEXT("a message of %d bytes is longer than the link's limit of %d"), (int)bytes.len,
                          (int)longest);
    }
    motet_link_kick();
    return mp_obj_new_bool(result == LINK_SENT);
}
static MP_DEFINE_CONST_FUN_OBJ_3(send_obj, send);

// Memory cannot be allocated while the lock is held, and the message may change while it is not: ask until
// both agree.
static mp_obj_t recv(mp_obj_t self_in) {
    link_t *link = motet_frame_link_get(self_in);
    vstr_t data;
    vstr_init(&data, 1);
    for (;;) {
        uint8_t channel;
        uint32_t state = motet_link_lock();
        link_take_change(link);
        int32_t length = link_recv(link, &channel, data.buf, data.alloc);
        motet_link_unlock(state);
        if (length < 0) {
            return mp_const_none;
        }
        if ((size_t)length <= data.alloc) {
            data.len = (size_t)length;
            motet_link_kick();
            mp_obj_t items[] = {MP_OBJ_NEW_SMALL_INT(channel), mp_obj_new_bytes_from_vstr(&data)};
            return mp_obj_new_tuple(2, items);
        }
        vstr_init(&data, (size_t)length + 1);
    }
}
static MP_DEFINE_CONST_FUN_OBJ_1(recv_obj, recv);

static mp_obj_t log_text(mp_obj_t self_in, mp_obj_t text) {
    link_t *link = motet_frame_link_get(self_in);
    size_t length;
    const char *utf8 = mp_obj_str_get_data(text, &length);
    uint32_t state = motet_link_lock();
    bool put = link_log(link, utf8, length);
    motet_link_unlock(state);
    motet_link_kick();
    return mp_obj_new_bool(put);
}
static MP_DEFINE_CONST_FUN_OBJ_2(log_obj, log_text);

// What is not UTF-8 was not sent by link_log: keep what is readable of it.
static mp_obj_t printable(char *text, size_t length) {
    bool valid = utf8_check((const byte *)text, length);
    for (size_t i = 0; i < length && !valid; i++) {
        text[i] = (text[i] & 0x80) ? '?' : text[i];
    }
    return mp_obj_new_str(text, length);
}

static mp_obj_t take_logs(mp_obj_t self_in) {
    link_t *link = motet_frame_link_get(self_in);
    mp_obj_t list = mp_obj_new_list(0, NULL);
    for (;;) {
        char text[LINK_LOG_MAX];
        uint32_t state = motet_link_lock();
        int32_t length = link_recv_log(link, text, sizeof text);
        motet_link_unlock(state);
        if (length < 0) {
            return list;
        }
        mp_obj_list_append(list, printable(text, (size_t)length));
    }
}
static MP_DEFINE_CONST_FUN_OBJ_1(take_logs_obj, take_logs);

static mp_uint_t link_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    if (request != MP_STREAM_POLL) {
        *errcode = MP_EINVAL;
        return MP_STREAM_ERROR;
    }
    link_t *link = motet_frame_link_get(self_in);
    uint32_t state = motet_link_lock();
    mp_uint_t ready = link_readable(link) || link_changed(link) ? MP_STREAM_POLL_RD : 0;
    ready |= link_room(link) ? MP_STREAM_POLL_WR : 0;
    motet_link_unlock(state);
    return ready & arg;
}

static const mp_stream_p_t stream = {.ioctl = link_ioctl};

static const mp_rom_map_elem_t locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_feed), MP_ROM_PTR(&feed_obj)},
    {MP_ROM_QSTR(MP_QSTR_output), MP_ROM_PTR(&output_obj)},
    {MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&send_obj)},
    {MP_ROM_QSTR(MP_QSTR_recv), MP_ROM_PTR(&recv_obj)},
    {MP_ROM_QSTR(MP_QSTR_log), MP_ROM_PTR(&log_obj)},
    {MP_ROM_QSTR(MP_QSTR_take_logs), MP_ROM_PTR(&take_logs_obj)},
    {MP_ROM_QSTR(MP_QSTR_cancel), MP_ROM_PTR(&frame_link_cancel_obj)},
    {MP_ROM_QSTR(MP_QSTR_room), MP_ROM_PTR(&frame_link_room_obj)},
    {MP_ROM_QSTR(MP_QSTR_timer), MP_ROM_PTR(&frame_link_timer_obj)},
    {MP_ROM_QSTR(MP_QSTR_quiet), MP_ROM_PTR(&frame_link_quiet_obj)},
    {MP_ROM_QSTR(MP_QSTR_probe), MP_ROM_PTR(&frame_link_probe_obj)},
};
static MP_DEFINE_CONST_DICT(locals, locals_table);

MP_DEFINE_CONST_OBJ_TYPE(frame_link_type, MP_QSTR_Link, MP_TYPE_FLAG_NONE, make_new, link_make_new, attr,
                         frame_link_attr, protocol, &stream, locals_dict, &locals);
