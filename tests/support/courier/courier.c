// SPDX-License-Identifier: Apache-2.0
// A guest for tests and benches of the device's services. It answers each message with its text, reversed.
#include "bindings/courier.h"

static char note[160];
static uint32_t noted, received, counted, wanted;

static void add(const char *from, uint32_t length) {
    for (uint32_t i = 0; i < length && noted < sizeof note; i++) {
        note[noted++] = from[i];
    }
}

static list_u8_t bytes(motet_string_t text) {
    return (list_u8_t){(const uint8_t *)text.ptr, text.len};
}

static motet_string_t text(list_u8_t data) {
    return (motet_string_t){(const char *)data.ptr, data.len};
}

result_none_string_t lifecycle_init(void) {
    return (result_none_string_t){.is_err = false};
}

result_none_string_t lifecycle_health(void) {
    return (result_none_string_t){.is_err = false};
}

void lifecycle_shutdown(void) {
    store_set(MOTET_TEXT("log/end"), bytes(MOTET_TEXT("shut down")));
}

about_t lifecycle_metadata(void) {
    return (about_t){MOTET_TEXT("courier"), MOTET_TEXT("1"), MOTET_TEXT("for tests")};
}

static char reversed(list_u8_t data, uint32_t at) {
    return (char)data.ptr[data.len - 1 - at];
}

result_list_u8_string_t handler_handle(const message_t *message) {
    char *answer = motet_alloc(message->data.len);
    noted = 0;
    received++;
    add(message->sender.ptr, message->sender.len);
    add(" ", 1);
    add(message->topic.ptr, message->topic.len);
    if (message->answers.some) {
        add("#", 1);
        add(&"0123456789"[message->answers.val % 10], 1);
    }
    add(message->failure.val.ptr, message->failure.some ? message->failure.val.len : 0);
    add(" ", 1);
    add((const char *)message->data.ptr, message->data.len);
    for (uint32_t i = 0; i < message->data.len; i++) {
        answer[i] = reversed(message->data, i);
    }
    if (message->data.len == 5 && message->data.ptr[0] == 'c') {
        __builtin_trap();
    }
    return (result_list_u8_string_t){.val.ok = {(const uint8_t *)answer, message->data.len}};
}

result_none_error_t courier_send(motet_string_t to, motet_string_t said) {
    return messaging_send(to, bytes(said));
}

result_none_error_t courier_publish(motet_string_t topic, motet_string_t said) {
    return messaging_publish(topic, bytes(said));
}

result_string_error_t courier_call(motet_string_t to, motet_string_t said) {
    result_list_u8_error_t answer = messaging_call(to, bytes(said));
    result_string_error_t result = {.is_err = answer.is_err, .val.err = answer.val.err};
    if (!answer.is_err) {
        result.val.ok = text(answer.val.ok);
    }
    return result;
}

result_u32_error_t courier_request(motet_string_t to, motet_string_t said, uint32_t timeout) {
    return messaging_request(to, bytes(said), timeout);
}

motet_string_t courier_last(void) {
    return (motet_string_t){note, noted};
}

uint32_t courier_received(void) {
    return received;
}

result_none_error_t courier_keep(motet_string_t key, motet_string_t said) {
    return store_set(key, bytes(said));
}

result_option_string_error_t courier_kept(motet_string_t key) {
    result_option_list_u8_error_t found = store_get(key);
    result_option_string_error_t result = {.is_err = found.is_err, .val.err = found.val.err};
    if (!found.is_err) {
        result.val.ok = (option_string_t){found.val.ok.some, text(found.val.ok.val)};
    }
    return result;
}

void courier_count_to(uint32_t n) {
    wanted = n;
    counted = 0;
}

counting_t courier_count_step(void) {
    counted++;
    if (counted >= wanted) {
        return (counting_t){.tag = COUNTING_DONE, .val.done = counted};
    }
    return (counting_t){.tag = COUNTING_MORE, .val.more = {counted, wanted}};
}

void courier_count_cancel(void) {
    wanted = 0;
}

result_none_string_t courier_tick(void) {
    noted = 0;
    add("tick", 4);
    return (result_none_string_t){.is_err = false};
}

void courier_warm(float reading) {
    (void)reading;
    noted = 0;
    add("warm", 4);
}

void courier_crash(void) {
    __builtin_trap();
}
