// SPDX-License-Identifier: Apache-2.0
#include "store/slots.h"

#include <string.h>

typedef uint32_t sector_set[STORE_SLOT_SECTORS / 32];

static void mark(sector_set set, uint32_t first, uint32_t count) {
    for (uint32_t i = first; i < first + count && i < STORE_SLOT_SECTORS; i++) {
        set[i / 32] |= 1u << i % 32;
    }
}

static bool has(const sector_set set, uint32_t sector) {
    return set[sector / 32] >> sector % 32 & 1;
}

// All that an artifact or a stage has, or that is worn out.
static void collect(const struct store *store, sector_set taken) {
    struct store_walk walk = {0};
    struct store_artifact artifact;
    memcpy(taken, store->bad_slots, sizeof store->bad_slots);
    while (store_next_artifact(store, &walk, &artifact)) {
        mark(taken, artifact.first, artifact.count);
    }
    for (uint32_t i = 0; i < STORE_STAGES; i++) {
        mark(taken, store->stage[i].first, store->stage[i].count);
    }
}

static uint32_t run_length(const struct store *store, const sector_set taken, uint32_t first) {
    uint32_t length = 0;
    while (first + length < store->slots && !has(taken, first + length)) {
        length++;
    }
    return length;
}

// The shortest run that is long enough, so that long ones stay whole; of several the next one in turn, so that all wear
// alike.
uint32_t slots_choose(const struct store *store, uint32_t size, uint32_t *first) {
    sector_set taken;
    uint32_t count = size / store->layout.slots.erase + (size % store->layout.slots.erase != 0), best = 0, turn = 0;
    collect(store, taken);
    for (uint32_t at = 0, length; at < store->slots; at += length + 1) {
        length = run_length(store, taken, at);
        uint32_t distance = (at + store->slots - store->next_slot % store->slots) % store->slots;
        if (length >= count && (best == 0 || length < best || (length == best && distance < turn))) {
            best = length;
            turn = distance;
            *first = at;
        }
    }
    return best ? count : 0;
}

uint32_t slots_count_free(const struct store *store) {
    sector_set taken;
    uint32_t count = 0;
    collect(store, taken);
    for (uint32_t i = 0; i < store->slots; i++) {
        count += !has(taken, i);
    }
    return count;
}

uint32_t slots_place(const struct store *store, uint32_t first) {
    return store->layout.slots.at + first * store->layout.slots.erase;
}

void slots_reset(struct store *store) {
    struct store_walk walk = {0};
    struct store_artifact artifact;
    while (store_next_artifact(store, &walk, &artifact)) {
        if (artifact.install >= store->installs) {
            store->installs = artifact.install + 1;
            store->next_slot = artifact.first + artifact.count;
        }
    }
}

struct store_stage *slots_stage(struct store *store, uint32_t number) {
    for (uint32_t i = 0; i < STORE_STAGES; i++) {
        if (store->stage[i].count && store->stage[i].number == number) {
            return &store->stage[i];
        }
    }
    return NULL;
}
