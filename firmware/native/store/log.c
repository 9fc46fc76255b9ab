// SPDX-License-Identifier: Apache-2.0
// Reading the log.
#include "store/log.h"

#include <string.h>

#include "frame/crc32.h"

uint32_t log_round(const struct store *store, uint32_t length) {
    uint32_t unit = store->flash->program;
    return (length + unit - 1) & ~(unit - 1);
}

uint32_t log_head_size(const struct store *store) {
    return log_round(store, LOG_HEAD_LENGTH);
}

uint32_t log_record_size(const struct store *store, uint32_t texts) {
    return log_round(store, LOG_LEAD_LENGTH) + log_round(store, texts) + log_round(store, LOG_CRC_LENGTH);
}

uint32_t log_place(const struct store *store, uint32_t sector) {
    return store->layout.log.at + sector * store->layout.log.erase;
}

uint32_t log_read32(const uint8_t *from) {
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

void log_write32(uint8_t *to, uint32_t value) {
    for (uint32_t i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> 8 * i);
    }
}

static bool lead_intact(const uint8_t *lead) {
    uint32_t check = frame_crc32(0, lead, 6);
    return lead[6] == (uint8_t)check && lead[7] == (uint8_t)(check >> 8);
}

enum log_found log_read(const struct store *store, uint32_t sector, uint32_t at, struct log_record *record) {
    if (at + log_record_size(store, 0) > store->span) {
        return LOG_END;
    }
    uint32_t place = log_place(store, sector) + at;
    if (flash_blank(store->flash, place, LOG_LEAD_LENGTH)) {
        return LOG_END;
    }
    const uint8_t *lead = store->flash->map + place, *text = lead + log_round(store, LOG_LEAD_LENGTH);
    uint32_t value_length = (uint32_t)lead[4] | (uint32_t)lead[5] << 8;
    if (!lead_intact(lead) || lead[1] > STORE_SPACE_LENGTH || lead[2] > STORE_KEY_LENGTH ||
        value_length > STORE_VALUE_LENGTH) {
        return LOG_LOST;
    }
    uint32_t size = log_record_size(store, (uint32_t)lead[1] + lead[2] + value_length);
    if (size > store->span - at) {
        return LOG_LOST;
    }
    record->type = lead[0];
    record->at = at;
    record->end = at + size;
    record->space = (struct store_text){text, lead[1]};
    record->key = (struct store_text){text + lead[1], lead[2]};
    record->value = (struct store_text){text + lead[1] + lead[2], value_length};
    return LOG_RECORD;
}

uint32_t log_seed(const struct store *store, uint32_t sector, uint32_t at) {
    return store->sector[sector].sequence * 0x9E3779B1u + at;
}

enum log_state log_check(const struct store *store, uint32_t sector, const struct log_record *record) {
    const uint8_t *start = store->flash->map + log_place(store, sector) + record->at;
    uint32_t texts = record->space.length + record->key.length + record->value.length;
    uint32_t found = log_read32(start + (record->end - record->at) - log_round(store, LOG_CRC_LENGTH));
    uint32_t crc = frame_crc32(log_seed(store, sector, record->at), start, LOG_LEAD_LENGTH);
    crc = frame_crc32(crc, record->space.bytes, texts);
    if (found == crc) {
        return LOG_WHOLE;
    }
    // A checksum that was being programmed still has ones where zeros belong, and nothing else wrong.
    return found == 0xFFFFFFFFu || (found & crc) == crc ? LOG_TORN : LOG_DAMAGED;
}

bool log_next_in(const struct store *store, uint32_t sector, uint32_t at, uint32_t end, struct log_record *record) {
    bool lost = false;
    for (; at < end; at += store->flash->program) {
        enum log_found found = log_read(store, sector, at, record);
        if (found == LOG_END && !lost) {
            return false;
        }
        if (found == LOG_RECORD && (!lost || log_check(store, sector, record) == LOG_WHOLE)) {
            return true;
        }
        // A lead that was cut short or has rotted: whatever follows shows itself by its checksum.
        lost = true;
    }
    return false;
}

bool log_next(const struct store *store, struct log_cursor *cursor, struct log_record *record) {
    for (; cursor->index < store->used; cursor->index++, cursor->at = 0) {
        uint32_t at = cursor->at ? cursor->at : log_head_size(store);
        uint32_t end = cursor->index + 1 == store->used ? store->position : store->span;
        if (log_next_in(store, store->order[cursor->index], at, end, record)) {
            cursor->at = record->end;
            return true;
        }
    }
    return false;
}

bool log_same(struct store_text one, struct store_text other) {
    return one.length == other.length && (one.length == 0 || memcmp(one.bytes, other.bytes, one.length) == 0);
}

bool log_same_key(const struct log_record *one, const struct log_record *other) {
    return log_same(one->space, other->space) && log_same(one->key, other->key);
}

bool log_live(const struct store *store, struct log_cursor cursor, const struct log_record *record) {
    struct log_record later;
    while (log_next(store, &cursor, &later)) {
        if (later.type != RECORD_SEAL && log_same_key(record, &later) &&
            log_check(store, store->order[cursor.index], &later) == LOG_WHOLE) {
            return false;
        }
    }
    return true;
}

bool log_find(const struct store *store, struct store_text space, struct store_text key, struct log_record *record) {
    struct log_cursor cursor = {0, 0};
    struct log_record one;
    bool found = false;
    while (log_next(store, &cursor, &one)) {
        if (one.type != RECORD_SEAL && log_same(one.space, space) && log_same(one.key, key) &&
            log_check(store, store->order[cursor.index], &one) == LOG_WHOLE) {
            *record = one;
            found = true;
        }
    }
    return found;
}
