// SPDX-License-Identifier: Apache-2.0
#include "small.h" // first, for the functions in the others

#include "flex.h"
#include "tensor.h"

#define MOST_BYTES 1024u // of the options of one operator: they are searched name by name

enum { FLEX_INT = 1, FLEX_UINT = 2, FLEX_MAP = 9, FLEX_BOOL = 26 };

// A reader that cannot leave the buffer: the first access beyond it sets `bad`, and all then read 0.
typedef struct {
    const uint8_t *data;
    uint32_t size;
    bool bad;
} flex;

// A vector of values of `width` bytes each; their types follow it when it belongs to a map.
typedef struct {
    uint32_t at, width, count;
} flex_vector;

static uint64_t read_unsigned(flex *own, uint32_t at, uint32_t width) {
    uint64_t value = 0;
    if (own->bad || at > own->size || own->size - at < width) {
        own->bad = true;
        return 0;
    }
    for (uint32_t i = 0; i < width; i++) {
        value |= (uint64_t)own->data[at + i] << (8 * i);
    }
    return value;
}

static int64_t read_signed(flex *own, uint32_t at, uint32_t width) {
    uint64_t value = read_unsigned(own, at, width), sign = 1ull << (8 * width - 1);
    return (int64_t)((value ^ sign) - sign);
}

// The position that an offset stored at `at` points to; offsets point backward.
static uint32_t follow(flex *own, uint32_t at, uint32_t width) {
    uint64_t distance = read_unsigned(own, at, width);
    if (distance > at) {
        own->bad = true;
        return 0;
    }
    return at - (uint32_t)distance;
}

static flex_vector read_vector(flex *own, uint32_t at, uint32_t width) {
    flex_vector vector = {at, width, 0};
    if (at < width) {
        own->bad = true;
        return vector;
    }
    uint64_t count = read_unsigned(own, at - width, width);
    if (own->bad || count > (own->size - at) / width) {
        own->bad = true;
        return vector;
    }
    vector.count = (uint32_t)count;
    return vector;
}

static bool is_width(uint64_t width) {
    return width == 1 || width == 2 || width == 4 || width == 8;
}

// The last two bytes are the type of the root and the width of its value, which stands before them.
static flex_vector read_root(flex *own) {
    const flex_vector none = {0, 1, 0};
    uint32_t type = (uint32_t)read_unsigned(own, own->size - 2, 1), width = own->data[own->size - 1];
    if (own->bad || type >> 2 != FLEX_MAP || !is_width(width) || own->size - 2 < width) {
        own->bad = true;
        return none;
    }
    return read_vector(own, follow(own, own->size - 2 - width, width), 1u << (type & 3));
}

// A map's values follow the offset to its keys and the width of these.
static flex_vector read_keys(flex *own, flex_vector values) {
    const flex_vector none = {0, 1, 0};
    if (values.at < 3 * values.width) {
        own->bad = true;
        return none;
    }
    uint64_t width = read_unsigned(own, values.at - 2 * values.width, values.width);
    if (own->bad || !is_width(width)) {
        own->bad = true;
        return none;
    }
    return read_vector(own, follow(own, values.at - 3 * values.width, values.width), (uint32_t)width);
}

static bool is_key(flex *own, uint32_t at, const char *name) {
    uint32_t length = (uint32_t)strlen(name) + 1;
    return !own->bad && own->size - at >= length && memcmp(own->data + at, name, length) == 0;
}

static bool read_value(flex *own, flex_vector values, uint32_t index, int64_t *value) {
    uint32_t type = (uint32_t)read_unsigned(own, values.at + values.count * values.width + index, 1) >> 2;
    uint32_t at = values.at + index * values.width;
    if (type == FLEX_INT) {
        *value = read_signed(own, at, values.width);
    } else {
        uint64_t unsigned_value = read_unsigned(own, at, values.width);
        *value = unsigned_value > INT32_MAX ? INT64_MAX : (int64_t)unsigned_value;
    }
    return !own->bad && (type == FLEX_INT || type == FLEX_UINT || type == FLEX_BOOL);
}

static bool find(flex *own, const char *name, int64_t *value) {
    flex_vector values = read_root(own);
    flex_vector keys = read_keys(own, values);
    for (uint32_t i = 0; i < keys.count && i < values.count && !own->bad; i++) {
        if (is_key(own, follow(own, keys.at + i * keys.width, keys.width), name)) {
            return read_value(own, values, i, value);
        }
    }
    return false;
}

bool nn_read_flexible(nn_build *build, const char *name, int32_t low, int32_t high, int32_t *value) {
    flex own = {build->model->file.data + build->custom.at, build->custom.count, false};
    int64_t found;
    if (own.size < 3 || own.size > MOST_BYTES || !find(&own, name, &found)) {
        return nn_refuse(build, NN_WHY_OPTION_MISSING);
    }
    *value = (int32_t)found;
    return (found >= low && found <= high) || nn_refuse(build, NN_WHY_OPTION_OUT_OF_RANGE);
}
