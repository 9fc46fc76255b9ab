// SPDX-License-Identifier: Apache-2.0
// Worn-out sectors: one bit each, in the log's own namespace.
#include <string.h>

#include "store/log.h"

static const struct store_text own = {"", 0}, bad_key = {"bad", 3};

void bad_load(struct store *store) {
    struct log_record record;
    uint8_t words[sizeof store->bad_log + sizeof store->bad_slots] = {0};
    if (log_find(store, own, bad_key, &record) && record.type == RECORD_VALUE && record.value.length == sizeof words) {
        memcpy(words, record.value.bytes, sizeof words);
    }
    store->bad_log = log_read32(words);
    for (uint32_t i = 0; i < STORE_SLOT_SECTORS / 32; i++) {
        store->bad_slots[i] = log_read32(words + 4 + 4 * i);
    }
}

static void save(struct store *store) {
    uint8_t words[sizeof store->bad_log + sizeof store->bad_slots];
    log_write32(words, store->bad_log);
    for (uint32_t i = 0; i < STORE_SLOT_SECTORS / 32; i++) {
        log_write32(words + 4 + 4 * i, store->bad_slots[i]);
    }
    // When there is no room for it the sector is found out anew after a restart.
    log_append(store, RECORD_VALUE, own, bad_key, (struct store_text){words, sizeof words}, 0);
}

void bad_settle(struct store *store) {
    // Writing it down may find the next one.
    for (uint32_t tries = 0; store->bad_changed && tries < store->sectors; tries++) {
        store->bad_changed = false;
        save(store);
    }
}

void bad_log_add(struct store *store, uint32_t sector) {
    store->bad_log |= 1u << sector;
    store->bad_changed = true;
}

void bad_slot_add(struct store *store, uint32_t sector) {
    store->bad_slots[sector / 32] |= 1u << sector % 32;
    store->bad_changed = true;
}

bool bad_slot(const struct store *store, uint32_t sector) {
    return store->bad_slots[sector / 32] >> sector % 32 & 1;
}
