// SPDX-License-Identifier: Apache-2.0
// What a device keeps over restarts: a log of small values and slots for artifacts, on any NOR flash, without an
// operating system and without allocating. Power may fail at any program or erase: the next mount finds every value and
// every artifact as it was before or after the interrupted call, and all of what earlier calls were told is done.
// docs/storage.md describes the format.
#ifndef MOTET_STORE_H
#define MOTET_STORE_H

#include "store/flash.h"

enum store_result {
    STORE_OK = 0,
    STORE_NOT_FOUND = -1,
    STORE_FULL = -2,    // no room, however much were moved
    STORE_QUOTA = -3,   // the namespace has used up what it may
    STORE_CORRUPT = -4, // the region holds something, but no store; only store_format touches it
    STORE_FOREIGN = -5, // the region holds the store of another board or layout; only store_format touches it
    STORE_WORN = -6,    // too many sectors fail; what is there can still be read
    STORE_INVALID = -7, // an argument out of range
    STORE_DIFFERS = -8, // bytes that were written already come again as others
    STORE_CLOSED = -9,  // the stage was given up
    STORE_POWER = -10,  // for drivers that know: the power has failed
};

struct store_meaning {
    const char *word, *text; // for programs and for people
};
struct store_meaning store_meaning(int result);

#define STORE_LOG_SECTORS   32u    // at most
#define STORE_LOG_SPAN      16384u // of each log sector at most this much is used, so that mounting stays quick
#define STORE_SLOT_SECTORS  128u   // at most
#define STORE_STAGES        3u
#define STORE_SPACE_LENGTH  40u // name of a namespace, bytes
#define STORE_KEY_LENGTH    64u
#define STORE_VALUE_LENGTH  1024u
#define STORE_NAME_LENGTH   32u
#define STORE_REASON_LENGTH 80u
#define STORE_DIGEST_LENGTH 32u

struct store_layout {
    struct store_region log, slots; // slots.size may be 0
};

struct store_sector {
    uint32_t sequence; // 0: free
    uint32_t erases;
};

struct store_stage {
    uint32_t first, count; // sectors of the slot region; count 0: not in use
    uint32_t size, received, erased, number;
    uint8_t tail[FLASH_UNIT_MAX]; // what has come of the unit that is not yet whole
};

struct store {
    struct motet_flash *flash;
    struct store_layout layout;
    uint32_t fingerprint, span, sectors, slots;
    struct store_sector sector[STORE_LOG_SECTORS];
    uint8_t order[STORE_LOG_SECTORS]; // sectors in use, oldest first
    uint32_t used;
    uint32_t position; // where the newest sector goes on
    uint32_t last_sequence;
    uint32_t bad_log, bad_slots[STORE_SLOT_SECTORS / 32];
    bool bad_changed;
    uint32_t next_slot, installs, next_stage;
    struct store_stage stage[STORE_STAGES];
    uint32_t torn, damaged; // found by the mount: writes cut short; records that had been complete once
};

// Bytes of any kind; in keys and values a 0 is nothing special. The namespace "" is the store's own.
struct store_text {
    const void *bytes;
    uint32_t length;
};

struct store_artifact {
    uint8_t kind;
    uint8_t name_length, reason_length; // a reason means that it is quarantined
    uint32_t revision, size, first, count, install;
    char name[STORE_NAME_LENGTH], reason[STORE_REASON_LENGTH];
    uint8_t digest[STORE_DIGEST_LENGTH];
};

// Reads the store of this board. Programs and erases nothing. `board` names the board: content that another one wrote
// is STORE_FOREIGN. STORE_INVALID: the layout is not on the flash. After STORE_CORRUPT and STORE_FOREIGN only
// store_format may be called.
int store_mount(struct store *store, struct motet_flash *flash, const struct store_layout *layout, const char *board);
// Forgets everything; erase counts and worn sectors stay known if the store was mounted.
int store_format(struct store *store);

// The value with this key: it stays where it is in flash, until the next call that writes.
int store_get(const struct store *store, struct store_text space, struct store_text key, struct store_text *value);
// When it returns STORE_OK the value outlives any loss of power. `quota`: most bytes of flash that the namespace may
// occupy, 0: any.
int store_put(struct store *store, struct store_text space, struct store_text key, struct store_text value,
              uint32_t quota);
int store_delete(struct store *store, struct store_text space, struct store_text key);
// Bytes of flash that the values of a namespace occupy.
uint32_t store_usage(const struct store *store, struct store_text space);

struct store_stats {
    uint32_t sectors, free, retired, least_erases, most_erases; // of the log
    uint32_t torn, damaged;
    uint32_t slots, slots_free, slots_retired; // sectors
};
void store_stats(const struct store *store, struct store_stats *stats);

// Walks over the keys of a namespace. Start with {0}; nothing may be written in between.
struct store_walk {
    uint32_t index, at;
    struct store_text key, value;
};
bool store_next(const struct store *store, struct store_text space, struct store_walk *walk);

// A stage is room for an artifact of `size` bytes that nobody else uses. `*number` names it.
int store_begin(struct store *store, uint32_t size, uint32_t *number);
// Bytes from `offset` on, which is at most what has been received. What comes again must be the same.
int store_write(struct store *store, uint32_t number, uint32_t offset, const void *data, uint32_t length);
// Writes what is held back, then gives the place of the whole: for reading it back before the commit.
int store_finish(struct store *store, uint32_t number, const uint8_t **data);
// From here on the artifact is the one of its kind and name; the one before is gone. Of `artifact`: kind, name,
// revision, digest.
int store_commit(struct store *store, uint32_t number, struct store_artifact *artifact);
void store_abort(struct store *store, uint32_t number);
const struct store_stage *store_stage(const struct store *store, uint32_t number);

// The artifact of a kind and name; walks with store_walk {0} over all of them.
int store_find(const struct store *store, uint8_t kind, struct store_text name, struct store_artifact *artifact);
bool store_next_artifact(const struct store *store, struct store_walk *walk, struct store_artifact *artifact);
const uint8_t *store_data(const struct store *store, const struct store_artifact *artifact);
// Quarantines with a reason; an empty one ends the quarantine.
int store_mark(struct store *store, uint8_t kind, struct store_text name, struct store_text reason);
int store_remove(struct store *store, uint8_t kind, struct store_text name);

#endif
