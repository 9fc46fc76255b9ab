// SPDX-License-Identifier: Apache-2.0
// A guest for tests: each tool leads to imports of the device.
#include "bindings/watcher.h"

result_f32_error_t watcher_look(motet_string_t name) {
    result_f32_error_t reading = sensors_read(name);
    log_write(reading.is_err ? LEVEL_WARNING : LEVEL_INFO, name);
    return reading;
}

result_string_error_t watcher_names(void) {
    result_list_sensor_error_t found = sensors_list();
    result_string_error_t result = {.is_err = found.is_err, .val.err = found.val.err};
    uint32_t length = 0;
    if (found.is_err) {
        return result;
    }
    for (uint32_t i = 0; i < found.val.ok.len; i++) {
        length += found.val.ok.ptr[i].name.len + 1;
    }
    char *text = motet_alloc(length);
    result.val.ok = (motet_string_t){text, length == 0 ? 0 : length - 1};
    for (uint32_t i = 0; i < found.val.ok.len; i++) {
        const sensor_t *sensor = &found.val.ok.ptr[i];
        for (uint32_t at = 0; at < sensor->name.len; at++) {
            *text++ = sensor->name.ptr[at];
        }
        *text++ = ' ';
    }
    return result;
}

tuple_u64_bool_t watcher_times(void) {
    return (tuple_u64_bool_t){clock_monotonic(), clock_wall().some};
}
