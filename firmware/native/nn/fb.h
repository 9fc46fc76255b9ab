// SPDX-License-Identifier: Apache-2.0
// A reader of flatbuffers (flatbuffers.dev, "Internals") that cannot leave the buffer.
//
// Every access is checked. The first one that would leave the buffer sets `bad`; it and all later ones then read as
// absent, so that a caller may read a whole table and test `bad` once. Positions are offsets into the buffer; 0 means
// absent.
#ifndef MOTET_NN_FB_H
#define MOTET_NN_FB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *data;
    uint32_t size;
    bool bad;
} nn_fb;

typedef struct {
    uint32_t at;
    uint32_t vtable;
    uint16_t vtable_bytes;
    uint16_t table_bytes;
} nn_table;

typedef struct {
    uint32_t at; // of the first element
    uint32_t count;
} nn_vector;

// Files larger than this are refused, so that sums of two positions fit 32 bits.
#define NN_FB_LIMIT 0x40000000u

uint32_t nn_fb_u32(nn_fb *fb, uint32_t at);

nn_table nn_fb_root(nn_fb *fb);
nn_table nn_fb_child(nn_fb *fb, const nn_table *table, unsigned field);
nn_table nn_fb_element(nn_fb *fb, const nn_vector *vector, uint32_t index); // of a vector of tables

// Field and size of an element in one argument, so that all fit registers.
nn_vector nn_fb_vector_in(nn_fb *fb, const nn_table *table, unsigned field_and_bytes);

static inline nn_vector nn_fb_vector(nn_fb *fb, const nn_table *table, unsigned field, uint32_t element_bytes) {
    return nn_fb_vector_in(fb, table, field | element_bytes << 8);
}

// What lies at such a position itself; absent when it is 0.
nn_vector nn_fb_vector_at(nn_fb *fb, uint32_t at, uint32_t element_bytes);
nn_table nn_fb_table_at(nn_fb *fb, uint32_t at);

// The position that the reference in a field leads to, 0 when the field is absent.
uint32_t nn_fb_target(nn_fb *fb, const nn_table *table, unsigned field);

// Position of a scalar field of `bytes` bytes, 0 when the field is absent and has its default value.
uint32_t nn_fb_field(nn_fb *fb, const nn_table *table, unsigned field, uint32_t bytes);
uint8_t nn_fb_byte_field(nn_fb *fb, const nn_table *table, unsigned field, uint8_t fallback);
int32_t nn_fb_int_field(nn_fb *fb, const nn_table *table, unsigned field, int32_t fallback);

// Elements of a vector of 32-bit integers; the index is checked.
static inline int32_t nn_fb_int_element(nn_fb *fb, nn_vector vector, uint32_t index) {
    int32_t value = 0;
    if (index < vector.count) {
        memcpy(&value, fb->data + vector.at + 4 * index, sizeof value);
    } else {
        fb->bad = true;
    }
    return value;
}

// Unaligned loads from memory whose bounds are known.
static inline int32_t nn_load_i16(const uint8_t *from) {
    int16_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline int32_t nn_load_i32(const uint8_t *from) {
    int32_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline int64_t nn_load_i64(const uint8_t *from) {
    int64_t value;
    memcpy(&value, from, sizeof value);
    return value;
}

static inline float nn_load_f32(const uint8_t *from) {
    float value;
    memcpy(&value, from, sizeof value);
    return value;
}

#endif
