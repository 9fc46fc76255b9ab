// SPDX-License-Identifier: Apache-2.0
// Room in the log: opening sectors, moving what lives out of the oldest, retiring what fails.
#include <string.h>

#include "store/log_write.h"

static uint32_t seal_size(const struct store *store) {
    return log_record_size(store, 4);
}

bool log_in_use(const struct store *store, uint32_t sector) {
    for (uint32_t i = 0; i < store->used; i++) {
        if (store->order[i] == sector) {
            return true;
        }
    }
    return false;
}

static bool is_free(const struct store *store, uint32_t sector) {
    return !(store->bad_log >> sector & 1) && !log_in_use(store, sector);
}

static uint32_t count_free(const struct store *store) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < store->sectors; i++) {
        count += is_free(store, i);
    }
    return count;
}

// How many sectors stay free: one to move into, and spares for those that will fail.
static uint32_t keep_free(const struct store *store) {
    uint32_t spares = store->sectors < 3 ? 0 : store->sectors < 8 ? 1 : store->sectors / 4;
    for (uint32_t i = 0; i < store->sectors; i++) {
        spares -= spares > 0 && (store->bad_log >> i & 1);
    }
    return 1 + spares;
}

// What the sector at a place of the order holds that must be moved before it may be erased. Deletions need not: nothing
// that they hide is older than the oldest sector.
static uint32_t live_bytes(const struct store *store, uint32_t index) {
    struct log_cursor cursor = {index, 0};
    struct log_record record;
    uint32_t sum = 0;
    while (log_next(store, &cursor, &record) && cursor.index == index) {
        if (record.type == RECORD_VALUE && log_check(store, store->order[index], &record) == LOG_WHOLE &&
            log_live(store, cursor, &record)) {
            sum += record.end - record.at;
        }
    }
    return sum;
}

// Whether opening sectors would ever give room: sectors are moved from the oldest on, each into one of its own.
static bool can_fit(const struct store *store, uint32_t need) {
    uint32_t fixed = log_head_size(store) + seal_size(store) + need;
    if (fixed > store->span) {
        return false;
    }
    if (count_free(store) > keep_free(store)) {
        return true;
    }
    for (uint32_t i = 0; i < store->used; i++) {
        if (fixed + live_bytes(store, i) <= store->span) {
            return true;
        }
    }
    return false;
}

// Copies what lives in the sector at a place of the order to `*at` of the new one.
static bool move_live(struct store *store, uint32_t index, uint32_t to, uint32_t *at) {
    struct log_cursor cursor = {index, 0};
    struct log_record record;
    while (log_next(store, &cursor, &record) && cursor.index == index) {
        if (record.type == RECORD_VALUE && log_check(store, store->order[index], &record) == LOG_WHOLE &&
            log_live(store, cursor, &record)) {
            if (!log_write_record(store, to, *at, &record)) {
                return false;
            }
            *at += record.end - record.at;
        }
    }
    return true;
}

// The free sector that was erased least -> its number, or `sectors`.
static uint32_t choose_free(const struct store *store) {
    uint32_t best = store->sectors;
    for (uint32_t i = 0; i < store->sectors; i++) {
        if (is_free(store, i) && (best == store->sectors || store->sector[i].erases < store->sector[best].erases)) {
            best = i;
        }
    }
    return best;
}

static bool prepare(struct store *store, uint32_t sector) {
    uint32_t place = log_place(store, sector), length = store->layout.log.erase;
    if (!flash_blank(store->flash, place, length)) {
        store->sector[sector].erases++;
    }
    store->sector[sector].sequence = store->last_sequence + 1;
    return flash_erase(store->flash, place, length) && log_write_head(store, sector);
}

// Moves the oldest sectors until enough are free. `*gone`: how many of the oldest are over with that, `*over`: up to
// which sequence.
static bool move_oldest(struct store *store, uint32_t sector, uint32_t *at, uint32_t *gone, uint32_t *over) {
    uint32_t free_sectors = count_free(store) - 1, keep = keep_free(store);
    for (*gone = 0; *gone < store->used && free_sectors < keep; ++*gone) {
        uint32_t oldest = store->order[*gone];
        if (*at + live_bytes(store, *gone) + seal_size(store) > store->span) {
            break;
        }
        if (!move_live(store, *gone, sector, at)) {
            return false;
        }
        *over = store->sector[oldest].sequence;
        free_sectors += !(store->bad_log >> oldest & 1);
    }
    return true;
}

static bool write_seal(struct store *store, uint32_t sector, uint32_t *at, uint32_t over) {
    uint8_t value[4];
    log_write32(value, over);
    struct log_record seal = {.type = RECORD_SEAL, .value = {value, sizeof value}};
    if (!log_write_record(store, sector, *at, &seal)) {
        return false;
    }
    *at += seal_size(store);
    return true;
}

// `restart`: all that is there is over with it.
static int open_sector(struct store *store, bool restart) {
    for (;;) {
        uint32_t sector = choose_free(store), at = log_head_size(store), gone = store->used, over = 0;
        if (sector == store->sectors) {
            return STORE_WORN;
        }
        if (restart) {
            over = store->last_sequence;
        }
        if (prepare(store, sector) && (restart || move_oldest(store, sector, &at, &gone, &over)) &&
            write_seal(store, sector, &at, over)) {
            store->used -= gone;
            memmove(store->order, store->order + gone, store->used);
            store->order[store->used++] = (uint8_t)sector;
            store->last_sequence = store->sector[sector].sequence;
            store->position = at;
            return STORE_OK;
        }
        bad_log_add(store, sector);
    }
}

int log_restart(struct store *store) {
    int result = open_sector(store, true);
    if (result == STORE_WORN) {
        store->used = 0;
        result = open_sector(store, true);
    }
    return result;
}

int log_append(struct store *store, uint8_t type, struct store_text space, struct store_text key,
               struct store_text value, uint32_t spare) {
    struct log_record record = {.type = type, .space = space, .key = key, .value = value};
    uint32_t size = log_record_size(store, space.length + key.length + value.length);
    for (uint32_t rounds = 0; rounds <= 2 * store->sectors; rounds++) {
        if (store->used && store->position + size + spare <= store->span) {
            uint32_t newest = store->order[store->used - 1];
            if (log_write_record(store, newest, store->position, &record)) {
                store->position += size;
                return STORE_OK;
            }
            // What it holds stays readable; it takes nothing new, and is not used again once that has been moved.
            bad_log_add(store, newest);
            store->position = store->span;
        }
        if (!can_fit(store, size + spare)) {
            return STORE_FULL;
        }
        int opened = open_sector(store, false);
        if (opened != STORE_OK) {
            return opened;
        }
    }
    return STORE_FULL;
}
