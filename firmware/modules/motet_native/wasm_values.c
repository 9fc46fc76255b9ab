// SPDX-License-Identifier: Apache-2.0
// Python values for the Canonical ABI: what lowering asks of them, and how lifting builds them.
//
// Only the built-in types are taken. What memory cannot be had for raises from inside: nothing of the ABI needs an end
// then.
#include "wasm_typed.h"

#include <math.h>

#include "py/objlist.h"
#include "py/objstr.h"
#include "py/objtuple.h"
#include "py/runtime.h"
#include "py/smallint.h"

static mp_obj_t object(motet_abi_value value) {
    return (mp_obj_t)value;
}

static enum motet_abi_answer get_boolean(motet_abi_value value, bool *out) {
    *out = object(value) == mp_const_true;
    return mp_obj_is_bool(object(value)) ? MOTET_ABI_OK : MOTET_ABI_MISMATCH;
}

// An integer that takes more than a word.
static enum motet_abi_answer get_big(mp_obj_t number, bool is_signed, uint64_t *out) {
    bool negative = mp_obj_is_true(mp_binary_op(MP_BINARY_OP_LESS, number, MP_OBJ_NEW_SMALL_INT(0)));
    mp_obj_t high = mp_binary_op(MP_BINARY_OP_RSHIFT, number, MP_OBJ_NEW_SMALL_INT(is_signed ? 63 : 64));
    if (high != MP_OBJ_NEW_SMALL_INT(negative ? -1 : 0) || (negative && !is_signed)) {
        return MOTET_ABI_MISMATCH;
    }
    mp_obj_t upper = mp_binary_op(MP_BINARY_OP_RSHIFT, number, MP_OBJ_NEW_SMALL_INT(32));
    *out = (uint64_t)(uint32_t)mp_obj_get_int_truncated(upper) << 32 | (uint32_t)mp_obj_get_int_truncated(number);
    return MOTET_ABI_OK;
}

static enum motet_abi_answer get_bits(mp_obj_t number, bool is_signed, uint64_t *out) {
    if (!mp_obj_is_small_int(number)) {
        return get_big(number, is_signed, out);
    }
    mp_int_t value = MP_OBJ_SMALL_INT_VALUE(number);
    *out = (uint64_t)(int64_t)value;
    return value < 0 && !is_signed ? MOTET_ABI_MISMATCH : MOTET_ABI_OK;
}

// A float without a fraction is an integer, as in JSON.
static enum motet_abi_answer get_whole(mp_float_t real, bool is_signed, uint64_t *out) {
    if (!(real >= (mp_float_t)-0x1p63 && real < (mp_float_t)0x1p64) || real != MICROPY_FLOAT_C_FUN(floor)(real)) {
        return MOTET_ABI_MISMATCH;
    }
    return get_bits(mp_obj_new_int_from_float(real), is_signed, out);
}

static enum motet_abi_answer get_integer(motet_abi_value value, bool is_signed, uint64_t *out) {
    if (mp_obj_is_float(object(value))) {
        return get_whole(mp_obj_float_get(object(value)), is_signed, out);
    }
    return mp_obj_is_int(object(value)) ? get_bits(object(value), is_signed, out) : MOTET_ABI_MISMATCH;
}

static enum motet_abi_answer get_real(motet_abi_value value, double *out) {
    mp_float_t real;
    if (!mp_obj_is_float(object(value)) && !mp_obj_is_int(object(value))) {
        return MOTET_ABI_MISMATCH;
    }
    bool good = mp_obj_get_float_maybe(object(value), &real);
    // An integer that no float holds becomes infinity.
    good = good && (mp_obj_is_float(object(value)) || real - real == 0);
    *out = good ? (double)real : 0;
    return good ? MOTET_ABI_OK : MOTET_ABI_MISMATCH;
}

static enum motet_abi_answer get_text(motet_abi_value value, const char **data, size_t *length) {
    if (!mp_obj_is_str(object(value))) {
        return MOTET_ABI_MISMATCH;
    }
    *data = mp_obj_str_get_data(object(value), length);
    return MOTET_ABI_OK;
}

static bool is_list(mp_obj_t list) {
    return mp_obj_is_type(list, &mp_type_list) || mp_obj_is_type(list, &mp_type_tuple);
}

static enum motet_abi_answer get_list(motet_abi_value value, size_t *count, const uint8_t **bytes) {
    mp_obj_t *items;
    if (mp_obj_is_type(object(value), &mp_type_bytes)) {
        *bytes = (const uint8_t *)mp_obj_str_get_data(object(value), count);
        return MOTET_ABI_OK;
    }
    if (!is_list(object(value))) {
        return MOTET_ABI_MISMATCH;
    }
    mp_obj_get_array(object(value), count, &items);
    return MOTET_ABI_OK;
}

// A list may have become shorter since it was measured: the guest's realloc may have led to code that changed it.
static enum motet_abi_answer get_item(motet_abi_value value, size_t index, motet_abi_value *out) {
    size_t count;
    mp_obj_t *items;
    mp_obj_get_array(object(value), &count, &items);
    *out = index < count ? (motet_abi_value)items[index] : 0;
    return index < count ? MOTET_ABI_OK : MOTET_ABI_MISMATCH;
}

static enum motet_abi_answer get_record(motet_abi_value value, size_t *count) {
    if (!mp_obj_is_type(object(value), &mp_type_dict)) {
        return MOTET_ABI_MISMATCH;
    }
    *count = mp_obj_dict_get_map(object(value))->used;
    return MOTET_ABI_OK;
}

static enum motet_abi_answer get_field(motet_abi_value value, void *key, motet_abi_value *out) {
    mp_map_elem_t *found = mp_map_lookup(mp_obj_dict_get_map(object(value)), MP_OBJ_FROM_PTR(key), MP_MAP_LOOKUP);
    *out = found == NULL ? 0 : (motet_abi_value)found->value;
    return MOTET_ABI_OK;
}

static bool is_null(motet_abi_value value) {
    return object(value) == mp_const_none;
}

static bool add(wasm_sink_t *sink, mp_obj_t item) {
    if (sink->depth == 0) {
        sink->result = item;
        return true;
    }
    mp_obj_t container = sink->open[sink->depth - 1].container;
    if (mp_obj_is_type(container, &mp_type_dict)) {
        mp_obj_dict_store(container, sink->open[sink->depth - 1].key, item);
        return true;
    }
    size_t count;
    mp_obj_t *items;
    mp_obj_get_array(container, &count, &items);
    items[sink->open[sink->depth - 1].next++] = item;
    return true;
}

static bool add_boolean(void *to, bool value) {
    return add(to, mp_obj_new_bool(value));
}

static bool add_integer(void *to, uint64_t value, bool is_signed) {
    int64_t number = (int64_t)value;
    if (number >= MP_SMALL_INT_MIN && number <= MP_SMALL_INT_MAX && (is_signed || number >= 0)) {
        return add(to, MP_OBJ_NEW_SMALL_INT((mp_int_t)number));
    }
    return add(to, is_signed ? mp_obj_new_int_from_ll(number) : mp_obj_new_int_from_ull(value));
}

static bool add_real(void *to, double value) {
    return add(to, mp_obj_new_float((mp_float_t)value));
}

// The ABI has looked at its UTF-8 already.
static bool add_text(void *to, const char *data, size_t length) {
    return add(to, mp_obj_new_str_copy(&mp_type_str, (const byte *)data, length));
}

static bool add_bytes(void *to, const uint8_t *data, size_t length) {
    return add(to, mp_obj_new_bytes(data, length));
}

static bool add_null(void *to) {
    return add(to, mp_const_none);
}

static bool add_word(void *to, void *key) {
    return add(to, MP_OBJ_FROM_PTR(key));
}

static bool set_key(void *to, void *key) {
    wasm_sink_t *sink = to;
    sink->open[sink->depth - 1].key = MP_OBJ_FROM_PTR(key);
    return true;
}

static bool begin(void *to, enum motet_abi_kind kind, size_t count) {
    wasm_sink_t *sink = to;
    mp_obj_t container;
    if (kind == MOTET_ABI_LIST) {
        container = mp_obj_new_list(count, NULL);
    } else {
        container = kind == MOTET_ABI_TUPLE ? mp_obj_new_tuple(count, NULL) : mp_obj_new_dict(count);
    }
    sink->open[sink->depth].container = container;
    sink->open[sink->depth].next = 0;
    sink->depth++;
    return true;
}

static bool end(void *to) {
    wasm_sink_t *sink = to;
    sink->depth--;
    return add(sink, sink->open[sink->depth].container);
}

static const char *run(struct motet_wasm *engine, const struct motet_wasm_function *function) {
    wasm_instance_t *instance = (wasm_instance_t *)((char *)engine - offsetof(wasm_instance_t, engine));
    instance->depth++;
    const char *trap = motet_wasm_call(engine, function);
    instance->depth--;
    return trap;
}

const struct motet_abi_binding wasm_values = {
    .source = {.boolean = get_boolean,
               .integer = get_integer,
               .real = get_real,
               .text = get_text,
               .list = get_list,
               .item = get_item,
               .record = get_record,
               .field = get_field,
               .is_null = is_null},
    .sink = {.boolean = add_boolean,
             .integer = add_integer,
             .real = add_real,
             .text = add_text,
             .bytes = add_bytes,
             .null = add_null,
             .begin = begin,
             .key = set_key,
             .word = add_word,
             .end = end},
    .tag = (void *)MP_ROM_QSTR(MP_QSTR_tag),
    .val = (void *)MP_ROM_QSTR(MP_QSTR_val),
    .none = (void *)MP_ROM_QSTR(MP_QSTR_none),
    .some = (void *)MP_ROM_QSTR(MP_QSTR_some),
    .ok = (void *)MP_ROM_QSTR(MP_QSTR_ok),
    .err = (void *)MP_ROM_QSTR(MP_QSTR_err),
    .run = run,
};
