// SPDX-License-Identifier: Apache-2.0
#include "bindings/asker.h"

list_u8_t asker_ask(motet_string_t to, list_u8_t data) {
    result_list_u8_error_t answer = messaging_call(to, data);
    return answer.is_err ? (list_u8_t){0} : answer.val.ok;
}

list_u8_t asker_keep(motet_string_t to, list_u8_t data) {
    (void)to;
    return data;
}
