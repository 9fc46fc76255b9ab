// SPDX-License-Identifier: Apache-2.0
// Writing an artifact into its slot, and making it the one of its name.
#include <string.h>

#include "store/directory.h"
#include "store/slots.h"

#define CHUNK 256u

int store_begin(struct store *store, uint32_t size, uint32_t *number) {
    struct store_stage *stage = NULL;
    for (uint32_t i = 0; i < STORE_STAGES; i++) {
        if (store->stage[i].count == 0) {
            stage = &store->stage[i];
        }
    }
    if (size == 0) {
        return STORE_INVALID;
    }
    uint32_t first, count = stage && store->slots ? slots_choose(store, size, &first) : 0;
    if (count == 0) {
        return STORE_FULL;
    }
    *stage = (struct store_stage){.first = first, .count = count, .size = size, .number = ++store->next_stage};
    store->next_slot = first + count;
    *number = stage->number;
    return STORE_OK;
}

// Programs whole units at `offset` of the stage; sectors are erased as they are reached.
static bool program(struct store *store, struct store_stage *stage, uint32_t offset, const uint8_t *data,
                    uint32_t length) {
    uint32_t erase = store->layout.slots.erase, place = slots_place(store, stage->first);
    while (stage->erased * erase < offset + length) {
        if (!flash_erase(store->flash, place + stage->erased * erase, erase)) {
            bad_slot_add(store, stage->first + stage->erased);
            return false;
        }
        stage->erased++;
    }
    if (!flash_write(store->flash, place + offset, data, length)) {
        uint32_t good = 0;
        while (good + 1 < length && store->flash->map[place + offset + good] == data[good]) {
            good++;
        }
        bad_slot_add(store, stage->first + (offset + good) / erase);
        return false;
    }
    return true;
}

static bool copy(struct store *store, struct store_stage *stage, uint32_t from, uint32_t length) {
    uint8_t chunk[CHUNK];
    for (uint32_t at = 0; at < length; at += CHUNK) {
        uint32_t part = length - at < CHUNK ? length - at : CHUNK;
        memcpy(chunk, store->flash->map + from + at, part);
        if (!program(store, stage, at, chunk, part)) {
            return false;
        }
    }
    return true;
}

// A sector of the stage failed: starts over in another run, with what had arrived safely. False: the stage is over.
static bool relocate(struct store *store, struct store_stage *stage, uint32_t safe) {
    uint32_t first = 0, from = slots_place(store, stage->first), count = slots_choose(store, stage->size, &first);
    stage->count = count;
    stage->first = first;
    stage->erased = 0;
    if (count && !copy(store, stage, from, safe)) {
        stage->count = 0;
    }
    return stage->count != 0;
}

static int program_safely(struct store *store, struct store_stage *stage, uint32_t offset, const uint8_t *data,
                          uint32_t length) {
    int result = STORE_OK;
    while (result == STORE_OK && !program(store, stage, offset, data, length)) {
        result = relocate(store, stage, offset) ? STORE_OK : STORE_WORN;
    }
    bad_settle(store);
    return result;
}

// Whether bytes that have arrived already are these.
static bool repeats(const struct store *store, const struct store_stage *stage, uint32_t offset, const uint8_t *data,
                    uint32_t length) {
    const uint8_t *slot = store->flash->map + slots_place(store, stage->first);
    uint32_t kept = stage->received & ~(store->flash->program - 1);
    for (uint32_t i = 0; i < length; i++) {
        uint8_t there = offset + i < kept ? slot[offset + i] : stage->tail[offset + i - kept];
        if (there != data[i]) {
            return false;
        }
    }
    return true;
}

static int append(struct store *store, struct store_stage *stage, const uint8_t *data, uint32_t length) {
    uint32_t unit = store->flash->program, held = stage->received & (unit - 1);
    while (length) {
        uint32_t whole = held ? 0 : length & ~(unit - 1), part = whole ? whole : 1;
        int result = STORE_OK;
        if (whole) {
            result = program_safely(store, stage, stage->received, data, whole);
        } else {
            stage->tail[held++] = *data;
            if (held == unit) {
                result = program_safely(store, stage, stage->received + 1 - unit, stage->tail, unit);
                held = 0;
            }
        }
        if (result != STORE_OK) {
            return result;
        }
        stage->received += part;
        data += part;
        length -= part;
    }
    return STORE_OK;
}

int store_write(struct store *store, uint32_t number, uint32_t offset, const void *data, uint32_t length) {
    struct store_stage *stage = slots_stage(store, number);
    if (stage == NULL) {
        return STORE_CLOSED;
    }
    if (offset > stage->received || length > stage->size - offset) {
        return STORE_INVALID;
    }
    uint32_t again = stage->received - offset < length ? stage->received - offset : length;
    if (!repeats(store, stage, offset, data, again)) {
        return STORE_DIFFERS;
    }
    return append(store, stage, (const uint8_t *)data + again, length - again);
}

int store_finish(struct store *store, uint32_t number, const uint8_t **data) {
    struct store_stage *stage = slots_stage(store, number);
    if (stage == NULL) {
        return STORE_CLOSED;
    }
    if (stage->received != stage->size) {
        return STORE_INVALID;
    }
    uint32_t held = stage->size & (store->flash->program - 1);
    const uint8_t *end = store->flash->map + slots_place(store, stage->first) + stage->size - held;
    if (held && memcmp(end, stage->tail, held) != 0) {
        int result = program_safely(store, stage, stage->size - held, stage->tail, held);
        if (result != STORE_OK) {
            return result;
        }
    }
    *data = store->flash->map + slots_place(store, stage->first);
    return flash_sync(store->flash) ? STORE_OK : STORE_WORN;
}

int store_commit(struct store *store, uint32_t number, struct store_artifact *artifact) {
    const uint8_t *data;
    // Whoever has finished it already loses nothing by it; whoever has not must not have half an artifact.
    int result = store_finish(store, number, &data);
    if (result != STORE_OK) {
        return result;
    }
    struct store_stage *stage = slots_stage(store, number);
    artifact->size = stage->size;
    artifact->first = stage->first;
    artifact->count = stage->count;
    artifact->install = store->installs;
    artifact->reason_length = 0;
    result = directory_put(store, artifact);
    if (result == STORE_OK) {
        store->installs++;
        stage->count = 0;
    }
    return result;
}

void store_abort(struct store *store, uint32_t number) {
    struct store_stage *stage = slots_stage(store, number);
    if (stage != NULL) {
        stage->count = 0;
    }
}

const struct store_stage *store_stage(const struct store *store, uint32_t number) {
    return slots_stage((struct store *)(uintptr_t)store, number);
}
