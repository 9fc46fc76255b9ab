// SPDX-License-Identifier: Apache-2.0
#include "fb.h"

static inline bool inside(nn_fb *fb, uint32_t at, uint32_t bytes) {
    if (fb->bad || at > fb->size || fb->size - at < bytes) {
        fb->bad = true;
        return false;
    }
    return true;
}

uint32_t nn_fb_u32(nn_fb *fb, uint32_t at) {
    uint32_t value = 0;
    if (inside(fb, at, sizeof value)) {
        memcpy(&value, fb->data + at, sizeof value);
    }
    return value;
}

// The position that a reference stored at `at` points to; references only point forward.
static inline uint32_t follow(nn_fb *fb, uint32_t at) {
    uint32_t distance = nn_fb_u32(fb, at);
    if (fb->bad || distance == 0 || distance > fb->size - at) {
        fb->bad = true;
        return 0;
    }
    return at + distance;
}

// Checks a table and its vtable: both lie inside the buffer and hold at least their own headers.
static nn_table table_at(nn_fb *fb, uint32_t at) {
    const nn_table absent = {0, 0, 0, 0};
    uint32_t vtable = at - nn_fb_u32(fb, at); // below 0 becomes far too large
    if (fb->bad || vtable < 4 || vtable >= fb->size) {
        fb->bad = true;
        return absent;
    }
    uint32_t sizes = nn_fb_u32(fb, vtable);
    nn_table table = {at, vtable, (uint16_t)sizes, (uint16_t)(sizes >> 16)};
    if (table.vtable_bytes < 4 || table.vtable_bytes % 2 || table.table_bytes < 4 ||
        !inside(fb, table.vtable, table.vtable_bytes) || !inside(fb, at, table.table_bytes)) {
        fb->bad = true;
        return absent;
    }
    return table;
}

// What a table and its vtable have inside needs no second check.
static inline uint32_t present_at(nn_fb *fb, const nn_table *table, unsigned field, uint32_t bytes) {
    uint16_t offset = 0;
    memcpy(&offset, fb->data + table->vtable + 4 + 2 * field, sizeof offset);
    if (offset == 0) {
        return 0;
    }
    if (offset < 4 || offset + bytes > table->table_bytes) {
        fb->bad = true;
        return 0;
    }
    return table->at + offset;
}

static inline uint32_t field_at(nn_fb *fb, const nn_table *table, unsigned field, uint32_t bytes) {
    return 4 + 2 * field < table->vtable_bytes ? present_at(fb, table, field, bytes) : 0;
}

uint32_t nn_fb_field(nn_fb *fb, const nn_table *table, unsigned field, uint32_t bytes) {
    return field_at(fb, table, field, bytes);
}

void nn_fb_fields(nn_fb *fb, const nn_table *table, const uint8_t *bytes, uint32_t *at, unsigned count) {
    unsigned present = table->vtable_bytes > 4 ? table->vtable_bytes / 2u - 2 : 0, field = 0;
    for (; field < count && field < present; field++) {
        at[field] = bytes[field] ? present_at(fb, table, field, bytes[field]) : 0;
    }
    for (; field < count; field++) {
        at[field] = 0;
        __asm volatile("" ::: "memory"); // a call of memset for them would take longer
    }
}

nn_table nn_fb_root(nn_fb *fb) {
    uint32_t at = follow(fb, 0);
    return table_at(fb, at);
}

nn_table nn_fb_table_of(nn_fb *fb, uint32_t reference) {
    const nn_table absent = {0, 0, 0, 0};
    return reference ? table_at(fb, follow(fb, reference)) : absent;
}

nn_table nn_fb_child(nn_fb *fb, const nn_table *table, unsigned field) {
    return nn_fb_table_of(fb, field_at(fb, table, field, 4));
}

nn_vector nn_fb_vector_of(nn_fb *fb, uint32_t reference, uint32_t element_bytes) {
    nn_vector vector = {0, 0};
    if (reference == 0) {
        return vector;
    }
    uint32_t at = follow(fb, reference), count = nn_fb_u32(fb, at);
    if (fb->bad || (fb->size - at - 4) / element_bytes < count) {
        fb->bad = true;
        return vector;
    }
    vector.at = at + 4;
    vector.count = count;
    return vector;
}

nn_vector nn_fb_vector(nn_fb *fb, const nn_table *table, unsigned field, uint32_t element_bytes) {
    return nn_fb_vector_of(fb, field_at(fb, table, field, 4), element_bytes);
}

nn_table nn_fb_element(nn_fb *fb, nn_vector vector, uint32_t index) {
    if (index >= vector.count) {
        fb->bad = true;
    }
    return table_at(fb, follow(fb, vector.at + 4 * index));
}

uint8_t nn_fb_byte_field(nn_fb *fb, const nn_table *table, unsigned field, uint8_t fallback) {
    uint32_t at = field_at(fb, table, field, 1);
    return at ? fb->data[at] : fallback;
}

int32_t nn_fb_int_field(nn_fb *fb, const nn_table *table, unsigned field, int32_t fallback) {
    uint32_t at = field_at(fb, table, field, 4);
    return at ? nn_load_i32(fb->data + at) : fallback;
}

int32_t nn_fb_int_element(nn_fb *fb, nn_vector vector, uint32_t index) {
    if (index >= vector.count) {
        fb->bad = true;
    }
    return (int32_t)nn_fb_u32(fb, vector.at + 4 * index);
}
