// SPDX-License-Identifier: Apache-2.0
// MicroPython's hardware abstraction: standard output and delays. There is no standard input: the wire belongs to the
// link.
#include "py/mphal.h"
#include "py/builtin.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"

mp_uint_t mp_hal_stdout_tx_strn(const char *text, size_t length) {
    port_print(text, length);
    return length;
}

// Line ends are the console's matter: CR LF on a raw terminal, none in a LOG frame.
void mp_hal_stdout_tx_strn_cooked(const char *text, size_t length) {
    port_print(text, length);
}

void mp_hal_stdout_tx_str(const char *text) {
    port_print(text, strlen(text));
}

int mp_hal_stdin_rx_chr(void) {
    mp_raise_OSError(MP_ENODEV);
}

uintptr_t mp_hal_stdio_poll(uintptr_t wanted) {
    return wanted & MP_STREAM_POLL_WR;
}

void mp_hal_delay_us(mp_uint_t us) {
    for (uint64_t end = arch_time_us() + us; arch_time_us() < end;) {
    }
}

void mp_hal_delay_ms(mp_uint_t ms) {
    uint64_t end = arch_time_us() + (uint64_t)ms * 1000;
    for (uint64_t now; (now = arch_time_us()) < end;) {
        mp_event_wait_ms((mp_uint_t)((end - now + 999) / 1000));
    }
}

// There are no files: modules are frozen or built in, and open() exists because the io module lists it.
mp_import_stat_t mp_import_stat(const char *path) {
    return MP_IMPORT_STAT_NO_EXIST;
}

static mp_obj_t no_files(size_t count, const mp_obj_t *arguments, mp_map_t *named) {
    mp_raise_OSError(MP_ENODEV);
}
MP_DEFINE_CONST_FUN_OBJ_KW(mp_builtin_open_obj, 0, no_files);
