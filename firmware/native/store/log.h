// SPDX-License-Identifier: Apache-2.0
// The log: sectors in the order they were opened, each a header and records. Inside of the store only.
//
// A sector in use starts with a head, goes on with what was moved from older sectors, then a seal that says which
// sectors are over; without a valid seal it counts as never opened. New records follow. A sector that is over is erased
// when it is wanted. A record is a lead, a namespace, a key and a value, and last the CRC-32 over all of it. A later
// record replaces an earlier one with its key. All is little-endian; head, lead, text and checksum each start at a
// program unit.
#ifndef MOTET_STORE_LOG_H
#define MOTET_STORE_LOG_H

#include "store/store.h"

enum { RECORD_SEAL = 1, RECORD_VALUE = 2, RECORD_DELETED = 3 };

struct log_record {
    uint8_t type;
    uint32_t at, end; // of all of it, in its sector
    struct store_text space, key, value;
};

enum log_found { LOG_RECORD, LOG_END, LOG_LOST };
enum log_state { LOG_WHOLE, LOG_TORN, LOG_DAMAGED };

// A place in the log: the how-manieth sector in use, and the offset in it. {0} is the start.
struct log_cursor {
    uint32_t index, at;
};

#define LOG_HEAD_LENGTH 20u
#define LOG_LEAD_LENGTH 8u
#define LOG_CRC_LENGTH  4u

uint32_t log_round(const struct store *store, uint32_t length);
uint32_t log_head_size(const struct store *store);
uint32_t log_record_size(const struct store *store, uint32_t texts);
uint32_t log_place(const struct store *store, uint32_t sector);

uint32_t log_read32(const uint8_t *from);
void log_write32(uint8_t *to, uint32_t value);

// Reads the record at `at` of a sector. LOG_LOST: no record can be told from here on.
enum log_found log_read(const struct store *store, uint32_t sector, uint32_t at, struct log_record *record);
enum log_state log_check(const struct store *store, uint32_t sector, const struct log_record *record);
// The checksum of a record starts from its place, so that bytes which happen to look like a record somewhere else are
// none.
uint32_t log_seed(const struct store *store, uint32_t sector, uint32_t at);
// The next record in a sector from `at` on, before `end`; steps over what is no record.
bool log_next_in(const struct store *store, uint32_t sector, uint32_t at, uint32_t end, struct log_record *record);
// The next record of the log, whole or not; the cursor moves behind it.
bool log_next(const struct store *store, struct log_cursor *cursor, struct log_record *record);

bool log_same(struct store_text one, struct store_text other);
bool log_same_key(const struct log_record *one, const struct log_record *other);
// Whether `record` is the last whole one with its key; `cursor` is behind it.
bool log_live(const struct store *store, struct log_cursor cursor, const struct log_record *record);
// The last whole record with this key -> true.
bool log_find(const struct store *store, struct store_text space, struct store_text key, struct log_record *record);

// Appends a record. `spare`: this much has to stay free in the newest sector for what must not fail.
int log_append(struct store *store, uint8_t type, struct store_text space, struct store_text key,
               struct store_text value, uint32_t spare);
// Opens a sector with which all that is there is over.
int log_restart(struct store *store);
bool log_in_use(const struct store *store, uint32_t sector);

// The sectors known as worn out, kept under a key of the store's own. `bad_settle` writes them down when there are new
// ones.
void bad_load(struct store *store);
void bad_settle(struct store *store);
void bad_log_add(struct store *store, uint32_t sector);
void bad_slot_add(struct store *store, uint32_t sector);
bool bad_slot(const struct store *store, uint32_t sector);

// The rest of mounting and formatting, for the slots.
void slots_reset(struct store *store);

#endif
