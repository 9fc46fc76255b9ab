// SPDX-License-Identifier: Apache-2.0
// What a Link shows of itself, and its small methods.
#include "frame.h"

#include "py/runtime.h"
#include "py/smallint.h"

uint32_t frame_link_time(frame_link_t *self, mp_obj_t now_ms) {
    const mp_uint_t mask = MICROPY_PY_TIME_TICKS_PERIOD - 1;
    mp_uint_t told = (mp_uint_t)mp_obj_get_int_truncated(now_ms);
    mp_uint_t ahead = (told - self->told) & mask;
    self->now += (uint32_t)(ahead <= mask / 2 ? ahead : ahead - mask - 1);
    self->told = told;
    return self->now;
}

static mp_obj_t cancel(mp_obj_t self_in, mp_obj_t key) {
    link_t *link = motet_frame_link_get(self_in);
    uint32_t value = (uint32_t)mp_obj_get_int_truncated(key);
    uint32_t state = motet_link_lock();
    bool taken = link_cancel(link, value);
    motet_link_unlock(state);
    motet_link_kick();
    return mp_obj_new_bool(taken);
}
MP_DEFINE_CONST_FUN_OBJ_2(frame_link_cancel_obj, cancel);

static mp_obj_t room(mp_obj_t self_in) {
    const link_t *link = motet_frame_link_get(self_in);
    uint32_t state = motet_link_lock();
    uint32_t messages = link_room(link);
    motet_link_unlock(state);
    return MP_OBJ_NEW_SMALL_INT(messages);
}
MP_DEFINE_CONST_FUN_OBJ_1(frame_link_room_obj, room);

static mp_obj_t timer(mp_obj_t self_in, mp_obj_t now_ms) {
    frame_link_t *self = MP_OBJ_TO_PTR(self_in);
    return MP_OBJ_NEW_SMALL_INT(link_next_timer(self->link, frame_link_time(self, now_ms)));
}
MP_DEFINE_CONST_FUN_OBJ_2(frame_link_timer_obj, timer);

static mp_obj_t quiet(mp_obj_t self_in, mp_obj_t now_ms) {
    frame_link_t *self = MP_OBJ_TO_PTR(self_in);
    return mp_obj_new_int_from_uint(link_quiet(self->link, frame_link_time(self, now_ms)));
}
MP_DEFINE_CONST_FUN_OBJ_2(frame_link_quiet_obj, quiet);

static mp_obj_t probe(mp_obj_t self_in) {
    link_t *link = motet_frame_link_get(self_in);
    uint32_t state = motet_link_lock();
    link_probe(link);
    motet_link_unlock(state);
    motet_link_kick();
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(frame_link_probe_obj, probe);

static mp_obj_t stats_dict(const link_t *link) {
    uint32_t state = motet_link_lock();
    const link_stats_t stats = *link_stats(link);
    motet_link_unlock(state);
    const struct {
        qstr name;
        uint32_t value;
    } rows[] = {
        {MP_QSTR_frames_in, stats.frames_in},     {MP_QSTR_frames_out, stats.frames_out},
        {MP_QSTR_crc_errors, stats.crc_errors},   {MP_QSTR_overruns, stats.overruns},
        {MP_QSTR_retransmits, stats.retransmits}, {MP_QSTR_dropped, stats.dropped},
        {MP_QSTR_logs_lost, stats.logs_lost},     {MP_QSTR_foreign_version, stats.foreign},
    };
    mp_obj_t dict = mp_obj_new_dict(MP_ARRAY_SIZE(rows));
    for (size_t i = 0; i < MP_ARRAY_SIZE(rows); i++) {
        mp_obj_dict_store(dict, MP_OBJ_NEW_QSTR(rows[i].name), mp_obj_new_int_from_uint(rows[i].value));
    }
    return dict;
}

static mp_obj_t load(const link_t *link, qstr name) {
    switch (name) {
    case MP_QSTR_current:
        return mp_obj_new_int_from_uint(link_current(link));
    case MP_QSTR_established:
        return mp_obj_new_bool(link_established(link));
    case MP_QSTR_resets:
        return mp_obj_new_int_from_uint(link_resets(link));
    case MP_QSTR_limit:
        return mp_obj_new_int_from_uint(link_limit(link));
    case MP_QSTR_stats:
        return stats_dict(link);
    default:
        return MP_OBJ_NULL;
    }
}

void frame_link_attr(mp_obj_t self_in, qstr name, mp_obj_t *value) {
    link_t *link = motet_frame_link_get(self_in);
    if (value[0] == MP_OBJ_NULL) {
        value[0] = load(link, name);
        value[1] = value[0] == MP_OBJ_NULL ? MP_OBJ_SENTINEL : MP_OBJ_NULL; // go on with the methods
    } else if (name == MP_QSTR_current && value[1] != MP_OBJ_NULL) {
        uint32_t key = (uint32_t)mp_obj_get_int_truncated(value[1]);
        uint32_t state = motet_link_lock();
        link_set_current(link, key);
        motet_link_unlock(state);
        value[0] = MP_OBJ_NULL; // stored
    }
}
