// SPDX-License-Identifier: Apache-2.0
// Values by namespace and key.
#include "store/log.h"

// Room in the newest sector that values leave to deletions and to the directory of artifacts.
#define SPARE_SHARE 8u

static bool fits(struct store_text space, struct store_text key) {
    return space.length >= 1 && space.length <= STORE_SPACE_LENGTH && key.length >= 1 && key.length <= STORE_KEY_LENGTH;
}

int store_get(const struct store *store, struct store_text space, struct store_text key, struct store_text *value) {
    struct log_record record;
    if (!log_find(store, space, key, &record) || record.type != RECORD_VALUE) {
        return STORE_NOT_FOUND;
    }
    *value = record.value;
    return STORE_OK;
}

uint32_t store_usage(const struct store *store, struct store_text space) {
    struct store_walk walk = {0};
    uint32_t sum = 0;
    while (store_next(store, space, &walk)) {
        sum += log_record_size(store, space.length + walk.key.length + walk.value.length);
    }
    return sum;
}

static int check_quota(const struct store *store, struct store_text space, struct store_text key, uint32_t size,
                       uint32_t quota) {
    struct store_text old;
    uint32_t usage = store_usage(store, space) + size;
    if (store_get(store, space, key, &old) == STORE_OK) {
        usage -= log_record_size(store, space.length + key.length + old.length);
    }
    return usage > quota ? STORE_QUOTA : STORE_OK;
}

int store_put(struct store *store, struct store_text space, struct store_text key, struct store_text value,
              uint32_t quota) {
    struct store_text old;
    if (!fits(space, key) || value.length > STORE_VALUE_LENGTH) {
        return STORE_INVALID;
    }
    // What is there already costs no wear.
    if (store_get(store, space, key, &old) == STORE_OK && log_same(old, value)) {
        return STORE_OK;
    }
    uint32_t size = log_record_size(store, space.length + key.length + value.length);
    int result = quota ? check_quota(store, space, key, size, quota) : STORE_OK;
    if (result == STORE_OK) {
        result = log_append(store, RECORD_VALUE, space, key, value, store->span / SPARE_SHARE);
        bad_settle(store);
    }
    return result;
}

int store_delete(struct store *store, struct store_text space, struct store_text key) {
    struct store_text old;
    if (store_get(store, space, key, &old) != STORE_OK) {
        return STORE_NOT_FOUND;
    }
    int result = log_append(store, RECORD_DELETED, space, key, (struct store_text){"", 0}, 0);
    bad_settle(store);
    return result;
}

bool store_next(const struct store *store, struct store_text space, struct store_walk *walk) {
    struct log_cursor cursor = {walk->index, walk->at};
    struct log_record record;
    while (log_next(store, &cursor, &record)) {
        if (record.type == RECORD_VALUE && log_same(record.space, space) &&
            log_check(store, store->order[cursor.index], &record) == LOG_WHOLE && log_live(store, cursor, &record)) {
            *walk = (struct store_walk){cursor.index, cursor.at, record.key, record.value};
            return true;
        }
    }
    return false;
}
