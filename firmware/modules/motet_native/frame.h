// SPDX-License-Identifier: Apache-2.0
// motet_native.frame on MicroPython: what its files share, and what a port may use of it.
#ifndef MOTET_MICROPYTHON_FRAME_H
#define MOTET_MICROPYTHON_FRAME_H

#include "frame/link.h"
#include "py/obj.h"

typedef struct {
    mp_obj_base_t base;
    link_t *link;
    uint32_t now;   // the last time that Python told, as a clock modulo 2^32 ...
    mp_uint_t told; // ... and as it was told: time.ticks_ms() wraps earlier
} frame_link_t;

extern const mp_obj_type_t frame_decoder_type, frame_link_type;

// The C link inside a Link; raises TypeError for any other object. It lives as long as the Link does: whoever
// hands it to interrupt handlers keeps the object reachable, and takes it back before a soft reset.
link_t *motet_frame_link_get(mp_obj_t object);

// Weak here; a port whose interrupts use a link overrides them. Lock and unlock bracket each short use by the
// main program, kick follows whatever may have given the link something to send.
uint32_t motet_link_lock(void);
void motet_link_unlock(uint32_t state);
void motet_link_kick(void);

// frame_state.c
// time.ticks_ms() wraps at a period of its own: differences are counted instead.
uint32_t frame_link_time(frame_link_t *self, mp_obj_t now_ms);
void frame_link_attr(mp_obj_t self, qstr name, mp_obj_t *value);
MP_DECLARE_CONST_FUN_OBJ_2(frame_link_cancel_obj);
MP_DECLARE_CONST_FUN_OBJ_1(frame_link_room_obj);
MP_DECLARE_CONST_FUN_OBJ_2(frame_link_timer_obj);
MP_DECLARE_CONST_FUN_OBJ_2(frame_link_quiet_obj);
MP_DECLARE_CONST_FUN_OBJ_1(frame_link_probe_obj);

#endif
