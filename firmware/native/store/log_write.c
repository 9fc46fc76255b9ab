// SPDX-License-Identifier: Apache-2.0
// Writing one record and one head. What is copied comes through RAM: its source may be the flash that is being
// programmed.
#include "store/log_write.h"

#include <string.h>

#include "frame/crc32.h"

#define CHUNK 64u

struct writer {
    struct motet_flash *flash;
    uint32_t at, have, crc;
    bool ok;
    uint8_t chunk[CHUNK];
};

static void flush(struct writer *writer) {
    if (writer->ok && writer->have) {
        writer->ok = flash_write(writer->flash, writer->at, writer->chunk, writer->have);
    }
    writer->at += writer->have;
    writer->have = 0;
}

static void add(struct writer *writer, struct store_text text) {
    writer->crc = frame_crc32(writer->crc, text.bytes, text.length);
    for (uint32_t i = 0; i < text.length; i++) {
        writer->chunk[writer->have++] = ((const uint8_t *)text.bytes)[i];
        if (writer->have == CHUNK) {
            flush(writer);
        }
    }
}

static void make_lead(uint8_t *lead, const struct log_record *record) {
    lead[0] = record->type;
    lead[1] = (uint8_t)record->space.length;
    lead[2] = (uint8_t)record->key.length;
    lead[3] = 0;
    lead[4] = (uint8_t)record->value.length;
    lead[5] = (uint8_t)(record->value.length >> 8);
    uint32_t check = frame_crc32(0, lead, 6);
    lead[6] = (uint8_t)check;
    lead[7] = (uint8_t)(check >> 8);
}

bool log_write_record(struct store *store, uint32_t sector, uint32_t at, const struct log_record *record) {
    struct motet_flash *flash = store->flash;
    uint32_t place = log_place(store, sector) + at;
    uint32_t size = log_record_size(store, record->space.length + record->key.length + record->value.length);
    uint8_t lead[LOG_LEAD_LENGTH], seal[LOG_CRC_LENGTH];
    make_lead(lead, record);
    struct writer writer = {.flash = flash, .at = place + log_round(store, LOG_LEAD_LENGTH), .ok = true};
    writer.crc = frame_crc32(log_seed(store, sector, at), lead, LOG_LEAD_LENGTH);
    if (!flash_write(flash, place, lead, LOG_LEAD_LENGTH)) {
        return false;
    }
    add(&writer, record->space);
    add(&writer, record->key);
    add(&writer, record->value);
    flush(&writer);
    log_write32(seal, writer.crc);
    return writer.ok && flash_sync(flash) &&
           flash_write(flash, place + size - log_round(store, LOG_CRC_LENGTH), seal, LOG_CRC_LENGTH) &&
           flash_sync(flash);
}

#define MAGIC 0x3153544Du // "MTS1"
// A log that ever came this far could not go on counting; nothing real does.
#define SEQUENCE_MOST 0xFFFFFF00u

bool log_write_head(struct store *store, uint32_t sector) {
    uint8_t head[LOG_HEAD_LENGTH];
    log_write32(head, MAGIC);
    log_write32(head + 4, store->fingerprint);
    log_write32(head + 8, store->sector[sector].sequence);
    log_write32(head + 12, store->sector[sector].erases);
    log_write32(head + 16, frame_crc32(0, head, 16));
    return flash_write(store->flash, log_place(store, sector), head, LOG_HEAD_LENGTH);
}

int log_read_head(const struct store *store, uint32_t sector, struct store_sector *into) {
    const uint8_t *head = store->flash->map + log_place(store, sector);
    uint32_t sequence = log_read32(head + 8);
    if (log_read32(head) != MAGIC || log_read32(head + 16) != frame_crc32(0, head, 16)) {
        return 0;
    }
    if (log_read32(head + 4) != store->fingerprint) {
        return -1;
    }
    if (sequence == 0 || sequence > SEQUENCE_MOST) {
        return 0;
    }
    into->sequence = sequence;
    into->erases = log_read32(head + 12);
    return 1;
}
