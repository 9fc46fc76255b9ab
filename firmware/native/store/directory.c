// SPDX-License-Identifier: Apache-2.0
#include "store/directory.h"

#include <string.h>

// Key: 'a', kind, name. Value: revision, size, first, count, install (32 bits each), digest, reason.
#define KEY_MARK     'a'
#define KEY_FIXED    2u
#define FIXED_LENGTH (20u + STORE_DIGEST_LENGTH)
// Room that artifacts leave in the newest sector, for removing one and for what is worn out: a full log can be emptied.
#define SPARE 128u

static const struct store_text own = {"", 0};

static struct store_text make_key(uint8_t *room, uint8_t kind, struct store_text name) {
    room[0] = KEY_MARK;
    room[1] = kind;
    memcpy(room + KEY_FIXED, name.bytes, name.length);
    return (struct store_text){room, KEY_FIXED + name.length};
}

// Names and reasons are shown and sent as text: what is no plain text in them cannot have come from here.
static bool is_plain(const char *text, uint32_t length) {
    for (uint32_t i = 0; i < length; i++) {
        if (text[i] < ' ' || text[i] > '~') {
            return false;
        }
    }
    return true;
}

int directory_put(struct store *store, const struct store_artifact *artifact) {
    uint8_t key[KEY_FIXED + STORE_NAME_LENGTH], value[FIXED_LENGTH + STORE_REASON_LENGTH];
    const uint32_t numbers[] = {artifact->revision, artifact->size, artifact->first, artifact->count,
                                artifact->install};
    if (artifact->name_length == 0 || artifact->name_length > STORE_NAME_LENGTH ||
        artifact->reason_length > STORE_REASON_LENGTH || !is_plain(artifact->name, artifact->name_length) ||
        !is_plain(artifact->reason, artifact->reason_length)) {
        return STORE_INVALID;
    }
    for (uint32_t i = 0; i < 5; i++) {
        log_write32(value + 4 * i, numbers[i]);
    }
    memcpy(value + 20, artifact->digest, STORE_DIGEST_LENGTH);
    memcpy(value + FIXED_LENGTH, artifact->reason, artifact->reason_length);
    struct store_text name = {artifact->name, artifact->name_length};
    int result = log_append(store, RECORD_VALUE, own, make_key(key, artifact->kind, name),
                            (struct store_text){value, FIXED_LENGTH + artifact->reason_length}, SPARE);
    bad_settle(store);
    return result;
}

// False: no entry of the directory, or one that lies outside of the slots.
static bool decode(const struct store *store, struct store_text key, struct store_text value,
                   struct store_artifact *artifact) {
    const uint8_t *key_bytes = key.bytes, *bytes = value.bytes;
    if (key.length <= KEY_FIXED || key.length > KEY_FIXED + STORE_NAME_LENGTH || key_bytes[0] != KEY_MARK ||
        value.length < FIXED_LENGTH || value.length > FIXED_LENGTH + STORE_REASON_LENGTH) {
        return false;
    }
    memset(artifact, 0, sizeof *artifact);
    artifact->kind = key_bytes[1];
    artifact->name_length = (uint8_t)(key.length - KEY_FIXED);
    artifact->reason_length = (uint8_t)(value.length - FIXED_LENGTH);
    memcpy(artifact->name, key_bytes + KEY_FIXED, artifact->name_length);
    artifact->revision = log_read32(bytes);
    artifact->size = log_read32(bytes + 4);
    artifact->first = log_read32(bytes + 8);
    artifact->count = log_read32(bytes + 12);
    artifact->install = log_read32(bytes + 16);
    memcpy(artifact->digest, bytes + 20, STORE_DIGEST_LENGTH);
    memcpy(artifact->reason, bytes + FIXED_LENGTH, artifact->reason_length);
    return is_plain(artifact->name, artifact->name_length) && is_plain(artifact->reason, artifact->reason_length) &&
           artifact->count >= 1 && artifact->count <= store->slots &&
           artifact->first <= store->slots - artifact->count && artifact->size >= 1 &&
           (artifact->size - 1) / store->layout.slots.erase < artifact->count;
}

int store_find(const struct store *store, uint8_t kind, struct store_text name, struct store_artifact *artifact) {
    uint8_t key[KEY_FIXED + STORE_NAME_LENGTH];
    struct store_text value;
    if (name.length == 0 || name.length > STORE_NAME_LENGTH) {
        return STORE_NOT_FOUND;
    }
    struct store_text wanted = make_key(key, kind, name);
    return store_get(store, own, wanted, &value) == STORE_OK && decode(store, wanted, value, artifact)
               ? STORE_OK
               : STORE_NOT_FOUND;
}

bool store_next_artifact(const struct store *store, struct store_walk *walk, struct store_artifact *artifact) {
    while (store_next(store, own, walk)) {
        if (decode(store, walk->key, walk->value, artifact)) {
            return true;
        }
    }
    return false;
}

const uint8_t *store_data(const struct store *store, const struct store_artifact *artifact) {
    return store->flash->map + store->layout.slots.at + artifact->first * store->layout.slots.erase;
}

int store_mark(struct store *store, uint8_t kind, struct store_text name, struct store_text reason) {
    struct store_artifact artifact;
    if (reason.length > STORE_REASON_LENGTH) {
        return STORE_INVALID;
    }
    if (store_find(store, kind, name, &artifact) != STORE_OK) {
        return STORE_NOT_FOUND;
    }
    artifact.reason_length = (uint8_t)reason.length;
    memcpy(artifact.reason, reason.bytes, reason.length);
    return directory_put(store, &artifact);
}

int store_remove(struct store *store, uint8_t kind, struct store_text name) {
    uint8_t key[KEY_FIXED + STORE_NAME_LENGTH];
    if (name.length == 0 || name.length > STORE_NAME_LENGTH) {
        return STORE_NOT_FOUND;
    }
    return store_delete(store, own, make_key(key, kind, name));
}
