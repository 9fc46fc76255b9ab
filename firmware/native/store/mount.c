// SPDX-License-Identifier: Apache-2.0
// Finding the store in a flash, or that there is none.
#include <string.h>

#include "frame/crc32.h"
#include "store/log_write.h"

static bool region_fits(const struct motet_flash *flash, const struct store_region *region) {
    return region->at <= flash->size && region->size <= flash->size - region->at && region->erase != 0 &&
           region->at % flash->erase == 0 && region->erase % flash->erase == 0 && region->size % region->erase == 0;
}

static bool layout_fits(const struct motet_flash *flash, const struct store_layout *layout) {
    uint32_t unit = flash->program, sectors;
    if (unit == 0 || unit > FLASH_UNIT_MAX || (unit & (unit - 1)) || flash->erase == 0 || flash->erase % unit ||
        !region_fits(flash, &layout->log) || !region_fits(flash, &layout->slots)) {
        return false;
    }
    sectors = layout->log.size / layout->log.erase;
    return sectors >= 2 && sectors <= STORE_LOG_SECTORS && layout->log.erase >= 2048 &&
           layout->slots.size / layout->slots.erase <= STORE_SLOT_SECTORS &&
           (layout->log.at + layout->log.size <= layout->slots.at ||
            layout->slots.at + layout->slots.size <= layout->log.at);
}

static uint32_t fingerprint(const struct motet_flash *flash, const struct store_layout *layout, const char *board) {
    const uint32_t numbers[] = {layout->log.at,     layout->log.size,    layout->log.erase, layout->slots.at,
                                layout->slots.size, layout->slots.erase, flash->program};
    uint32_t crc = frame_crc32(0, board, strlen(board));
    for (uint32_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        uint8_t bytes[4];
        log_write32(bytes, numbers[i]);
        crc = frame_crc32(crc, bytes, sizeof bytes);
    }
    return crc;
}

// Whether a sector was ever finished: its seal, with what it says of older ones. A seal that has rotted is told from
// one that was cut short by what follows it.
static bool sealed(const struct store *store, uint32_t sector, uint32_t *over) {
    struct log_record record, next;
    uint32_t at = log_head_size(store);
    for (; log_next_in(store, sector, at, store->span, &record); at = record.end) {
        if (record.type != RECORD_SEAL || record.value.length != 4) {
            continue;
        }
        if (log_check(store, sector, &record) == LOG_WHOLE) {
            *over = log_read32(record.value.bytes);
            return *over < store->sector[sector].sequence;
        }
        *over = 0;
        return log_read(store, sector, record.end, &next) == LOG_RECORD;
    }
    return false;
}

struct survey {
    uint32_t over, most_erases;
    bool foreign, own, known[STORE_LOG_SECTORS], valid[STORE_LOG_SECTORS];
};

static void survey_sectors(struct store *store, struct survey *survey) {
    for (uint32_t i = 0; i < store->sectors; i++) {
        uint32_t over;
        int head = log_read_head(store, i, &store->sector[i]);
        survey->foreign |= head < 0;
        survey->known[i] = head > 0;
        if (head <= 0) {
            continue;
        }
        survey->own = true;
        if (store->sector[i].sequence > store->last_sequence) {
            store->last_sequence = store->sector[i].sequence;
        }
        if (store->sector[i].erases > survey->most_erases) {
            survey->most_erases = store->sector[i].erases;
        }
        survey->valid[i] = sealed(store, i, &over);
        if (survey->valid[i] && over > survey->over) {
            survey->over = over;
        }
    }
}

static void insert(struct store *store, uint32_t sector) {
    uint32_t at = store->used++;
    for (; at > 0 && store->sector[store->order[at - 1]].sequence > store->sector[sector].sequence; at--) {
        store->order[at] = store->order[at - 1];
    }
    store->order[at] = (uint8_t)sector;
}

static void sort_sectors(struct store *store, const struct survey *survey) {
    for (uint32_t i = 0; i < store->sectors; i++) {
        if (!survey->known[i]) {
            // Its head was erased or never written: it has seen no more than the others.
            store->sector[i].erases = survey->most_erases;
        } else if (survey->valid[i] && store->sector[i].sequence > survey->over) {
            insert(store, i);
        }
    }
}

// Where the newest sector goes on: behind its last record and behind all that is not blank.
static uint32_t find_end(const struct store *store) {
    uint32_t sector = store->order[store->used - 1], end = log_head_size(store), last = store->span;
    struct log_record record;
    while (log_next_in(store, sector, end, store->span, &record)) {
        end = record.end;
    }
    while (last > end && store->flash->map[log_place(store, sector) + last - 1] == 0xFF) {
        last--;
    }
    return log_round(store, last);
}

static void count_broken(struct store *store) {
    struct log_cursor cursor = {0, 0};
    struct log_record record;
    while (log_next(store, &cursor, &record)) {
        enum log_state state = log_check(store, store->order[cursor.index], &record);
        store->torn += state == LOG_TORN;
        store->damaged += state == LOG_DAMAGED;
    }
}

// Nothing but heads: where the power failed while the very first one was written.
static bool never_used(const struct store *store) {
    uint32_t head = log_head_size(store);
    for (uint32_t i = 0; i < store->sectors; i++) {
        if (!flash_blank(store->flash, log_place(store, i) + head, store->span - head)) {
            return false;
        }
    }
    return true;
}

int store_mount(struct store *store, struct motet_flash *flash, const struct store_layout *layout, const char *board) {
    struct survey survey = {0};
    memset(store, 0, sizeof *store);
    if (!layout_fits(flash, layout)) {
        return STORE_INVALID;
    }
    store->flash = flash;
    store->layout = *layout;
    store->fingerprint = fingerprint(flash, layout, board);
    store->sectors = layout->log.size / layout->log.erase;
    store->slots = layout->slots.size / layout->slots.erase;
    store->span = layout->log.erase < STORE_LOG_SPAN ? layout->log.erase : STORE_LOG_SPAN;
    survey_sectors(store, &survey);
    sort_sectors(store, &survey);
    if (store->used == 0) {
        if (!survey.own && survey.foreign) {
            return STORE_FOREIGN;
        }
        return survey.own || never_used(store) ? STORE_OK : STORE_CORRUPT;
    }
    store->position = find_end(store);
    count_broken(store);
    bad_load(store);
    slots_reset(store);
    return STORE_OK;
}

int store_format(struct store *store) {
    int result = log_restart(store);
    if (result != STORE_OK) {
        return result;
    }
    store->torn = store->damaged = store->installs = store->next_slot = 0;
    memset(store->stage, 0, sizeof store->stage);
    bad_settle(store);
    // Over is over; but nobody who reads the part shall find it either.
    for (uint32_t i = 0; i < store->sectors; i++) {
        if (!log_in_use(store, i)) {
            flash_erase(store->flash, log_place(store, i), store->layout.log.erase);
        }
    }
    return STORE_OK;
}
