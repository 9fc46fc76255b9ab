// SPDX-License-Identifier: Apache-2.0
#include "fb.h"

static bool inside(nn_fb *fb, uint32_t at, uint32_t bytes) {
    if (fb->bad || at > fb->size || fb->size - at < bytes) {
        fb->bad = true;
    }
    return !fb->bad;
}

uint32_t nn_fb_u32(nn_fb *fb, uint32_t at) {
    uint32_t value = 0;
    if (inside(fb, at, sizeof value)) {
        memcpy(&value, fb->data + at, sizeof value);
    }
    return value;
}

// The position that a reference stored at `at` points to; references only point forward.
static uint32_t follow(nn_fb *fb, uint32_t at) {
    uint32_t distance = nn_fb_u32(fb, at);
    if (distance == 0 || distance > fb->size - at) { // 0 also when it is outside
        fb->bad = true;
        return 0;
    }
    return at + distance;
}

// Checks a table and its vtable: both lie inside the buffer and hold at least their own headers.
nn_table nn_fb_table_at(nn_fb *fb, uint32_t at) {
    nn_table table = {0, 0, 0, 0};
    if (at == 0) {
        return table;
    }
    uint32_t vtable = at - nn_fb_u32(fb, at); // below 0 becomes far too large
    uint32_t sizes = nn_fb_u32(fb, vtable), vtable_bytes = sizes & 0xFFFF, table_bytes = sizes >> 16;
    if (vtable_bytes < 4 || vtable_bytes % 2 || table_bytes < 4 || vtable < 4 || !inside(fb, vtable, vtable_bytes) ||
        !inside(fb, at, table_bytes)) {
        fb->bad = true;
        return table;
    }
    table.at = at;
    table.vtable = vtable;
    table.vtable_bytes = (uint16_t)vtable_bytes;
    table.table_bytes = (uint16_t)table_bytes;
    return table;
}

// What a table and its vtable have inside needs no second check.
uint32_t nn_fb_field(nn_fb *fb, const nn_table *table, unsigned field, uint32_t bytes) {
    uint16_t offset;
    if (4 + 2 * field >= table->vtable_bytes) {
        return 0;
    }
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

uint32_t nn_fb_target(nn_fb *fb, const nn_table *table, unsigned field) {
    uint32_t at = nn_fb_field(fb, table, field, 4);
    return at ? follow(fb, at) : 0;
}

nn_table nn_fb_root(nn_fb *fb) {
    return nn_fb_table_at(fb, follow(fb, 0));
}

nn_table nn_fb_child(nn_fb *fb, const nn_table *table, unsigned field) {
    return nn_fb_table_at(fb, nn_fb_target(fb, table, field));
}

nn_vector nn_fb_vector_at(nn_fb *fb, uint32_t at, uint32_t element_bytes) {
    nn_vector vector = {0, 0};
    if (at == 0) {
        return vector;
    }
    uint32_t count = nn_fb_u32(fb, at);
    if (fb->bad || (fb->size - at - 4) / element_bytes < count) {
        fb->bad = true;
        return vector;
    }
    vector.at = at + 4;
    vector.count = count;
    return vector;
}

nn_vector nn_fb_vector_in(nn_fb *fb, const nn_table *table, unsigned field_and_bytes) {
    return nn_fb_vector_at(fb, nn_fb_target(fb, table, field_and_bytes & 0xFF), field_and_bytes >> 8);
}

nn_table nn_fb_element(nn_fb *fb, const nn_vector *vector, uint32_t index) {
    if (index >= vector->count) {
        fb->bad = true;
    }
    return nn_fb_table_at(fb, follow(fb, vector->at + 4 * index));
}

uint8_t nn_fb_byte_field(nn_fb *fb, const nn_table *table, unsigned field, uint8_t fallback) {
    uint32_t at = nn_fb_field(fb, table, field, 1);
    return at ? fb->data[at] : fallback;
}

int32_t nn_fb_int_field(nn_fb *fb, const nn_table *table, unsigned field, int32_t fallback) {
    uint32_t at = nn_fb_field(fb, table, field, 4);
    return at ? nn_load_i32(fb->data + at) : fallback;
}
