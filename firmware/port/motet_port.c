// SPDX-License-Identifier: Apache-2.0
// The module motet_port, documented in motet_port.pyi: what the device core may ask of the board beneath it.
#include "py/gc.h"
#include "py/mphal.h"
#include "py/objstr.h"
#include "py/runtime.h"

#include "arch/arch.h"
#include "fault.h"
#include "flash/port_flash.h"
#include "frame/link.h"
#include "port.h"
#include "random.h"
#include "soc/soc.h"
#include "watch.h"

// store_flash.c of motet_native: a Flash object over the part.
mp_obj_t motet_flash_make(struct motet_flash *flash, const struct store_layout *layout);

// frame.c of motet_native: the C link inside a Python Link; raises TypeError for anything else.
struct link *motet_frame_link_get(mp_obj_t object);

// The binding brackets every use of a link with these, and kicks after it gave the link something to send.
uint32_t motet_link_lock(void) {
    return arch_lock();
}

void motet_link_unlock(uint32_t state) {
    arch_unlock(state);
}

void motet_link_kick(void) {
    port_pump();
}

// What fits a small integer, so that none is allocated.
#define EPOCH_MASK 0x3FFFFFFFu

static mp_obj_t text(const char *of) {
    return mp_obj_new_str(of, strlen(of));
}

static mp_obj_t port_py_attach(mp_obj_t link) {
    port_attach(link == mp_const_none ? NULL : motet_frame_link_get(link));
    // The interrupts use the link's memory from now on: keep it.
    MP_STATE_PORT(motet_port_link) = link;
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(port_attach_obj, port_py_attach);

static mp_obj_t port_py_cycles(void) {
    return mp_obj_new_int_from_ull(arch_cycles());
}
static MP_DEFINE_CONST_FUN_OBJ_0(port_cycles_obj, port_py_cycles);

static mp_obj_t port_py_cycles_hz(void) {
    return mp_obj_new_int_from_uint(arch_cycles_hz());
}
static MP_DEFINE_CONST_FUN_OBJ_0(port_cycles_hz_obj, port_py_cycles_hz);

static mp_obj_t port_py_uptime_us(void) {
    return mp_obj_new_int_from_ull(arch_time_us());
}
static MP_DEFINE_CONST_FUN_OBJ_0(port_uptime_us_obj, port_py_uptime_us);

static mp_obj_t port_py_reset_reason(void) {
    return text(fault_reset_reason());
}
static MP_DEFINE_CONST_FUN_OBJ_0(port_reset_reason_obj, port_py_reset_reason);

static mp_obj_t port_py_last_fault(void) {
    return text(fault_last());
}
static MP_DEFINE_CONST_FUN_OBJ_0(port_last_fault_obj, port_py_last_fault);

static mp_obj_t port_py_flash(void) {
#ifdef FLASH_BASE
    struct store_layout layout;
    struct motet_flash *flash = port_flash(&layout);
    return flash == NULL ? mp_const_none : motet_flash_make(flash, &layout);
#else
    return mp_const_none;
#endif
}
static MP_DEFINE_CONST_FUN_OBJ_0(port_flash_obj, port_py_flash);

static mp_obj_t port_py_failed_starts(void) {
    return mp_obj_new_int_from_uint(fault_failures());
}
static MP_DEFINE_CONST_FUN_OBJ_0(port_failed_starts_obj, port_py_failed_starts);

static mp_obj_t port_py_watchdog(mp_obj_t limit_ms) {
    mp_int_t ms = mp_obj_get_int(limit_ms);
    if (ms < WATCH_LEAST_MS) {
        mp_raise_ValueError(MP_ERROR_TEXT("time limit too short"));
    }
    watch_limit((uint32_t)ms);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(port_watchdog_obj, port_py_watchdog);

static mp_obj_t port_py_epoch(void) {
    uint32_t epoch;
    do {
        port_random((uint8_t *)&epoch, sizeof epoch);
    } while ((epoch & EPOCH_MASK) == 0);
    return MP_OBJ_NEW_SMALL_INT(epoch & EPOCH_MASK);
}
static MP_DEFINE_CONST_FUN_OBJ_0(port_epoch_obj, port_py_epoch);

static mp_obj_t port_py_seed(mp_obj_t bytes) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(bytes, &buffer, MP_BUFFER_READ);
    port_random_seed(buffer.buf, buffer.len);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(port_seed_obj, port_py_seed);

#ifdef SOC_PINS
static mp_obj_t port_py_pins(void) {
    return MP_OBJ_NEW_SMALL_INT(soc_has_pins() ? SOC_PINS : 0);
}
static MP_DEFINE_CONST_FUN_OBJ_0(port_pins_obj, port_py_pins);

static mp_obj_t port_py_pin_get(mp_obj_t pin, mp_obj_t make_input) {
    return MP_OBJ_NEW_SMALL_INT(soc_pin_get((unsigned)mp_obj_get_int_truncated(pin), mp_obj_is_true(make_input)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(port_pin_get_obj, port_py_pin_get);

static mp_obj_t port_py_pin_set(mp_obj_t pin, mp_obj_t level) {
    return mp_obj_new_bool(soc_pin_set((unsigned)mp_obj_get_int_truncated(pin), mp_obj_is_true(level)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(port_pin_set_obj, port_py_pin_set);
#endif

// The board's name behind a mark by which a flashing tool finds it in an image.
#define BOARD_MARK "motet-board:"
static const char board_mark[] = BOARD_MARK PORT_BOARD;
static const mp_obj_str_t board_obj = {
    {&mp_type_str}, 0, sizeof(PORT_BOARD) - 1, (const byte *)board_mark + sizeof(BOARD_MARK) - 1};
static MP_DEFINE_STR_OBJ(mcu_obj, PORT_MCU);

static const mp_rom_map_elem_t port_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_motet_port)},
    {MP_ROM_QSTR(MP_QSTR_attach), MP_ROM_PTR(&port_attach_obj)},
    {MP_ROM_QSTR(MP_QSTR_board), MP_ROM_PTR(&board_obj)},
    {MP_ROM_QSTR(MP_QSTR_mcu), MP_ROM_PTR(&mcu_obj)},
    {MP_ROM_QSTR(MP_QSTR_cycles), MP_ROM_PTR(&port_cycles_obj)},
    {MP_ROM_QSTR(MP_QSTR_cycles_hz), MP_ROM_PTR(&port_cycles_hz_obj)},
#if ARCH_COUNTS_INSTRUCTIONS
    {MP_ROM_QSTR(MP_QSTR_instructions), MP_ROM_PTR(&port_cycles_obj)},
#endif
    {MP_ROM_QSTR(MP_QSTR_uptime_us), MP_ROM_PTR(&port_uptime_us_obj)},
    {MP_ROM_QSTR(MP_QSTR_reset_reason), MP_ROM_PTR(&port_reset_reason_obj)},
    {MP_ROM_QSTR(MP_QSTR_last_fault), MP_ROM_PTR(&port_last_fault_obj)},
    {MP_ROM_QSTR(MP_QSTR_failed_starts), MP_ROM_PTR(&port_failed_starts_obj)},
    {MP_ROM_QSTR(MP_QSTR_watchdog), MP_ROM_PTR(&port_watchdog_obj)},
    {MP_ROM_QSTR(MP_QSTR_epoch), MP_ROM_PTR(&port_epoch_obj)},
    {MP_ROM_QSTR(MP_QSTR_flash), MP_ROM_PTR(&port_flash_obj)},
    {MP_ROM_QSTR(MP_QSTR_seed), MP_ROM_PTR(&port_seed_obj)},
#ifdef SOC_PINS
    {MP_ROM_QSTR(MP_QSTR_pins), MP_ROM_PTR(&port_pins_obj)},
    {MP_ROM_QSTR(MP_QSTR_pin_get), MP_ROM_PTR(&port_pin_get_obj)},
    {MP_ROM_QSTR(MP_QSTR_pin_set), MP_ROM_PTR(&port_pin_set_obj)},
#endif
};
static MP_DEFINE_CONST_DICT(port_globals, port_globals_table);

const mp_obj_module_t motet_port_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&port_globals,
};
MP_REGISTER_MODULE(MP_QSTR_motet_port, motet_port_module);
MP_REGISTER_ROOT_POINTER(mp_obj_t motet_port_link);
