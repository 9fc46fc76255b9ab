// SPDX-License-Identifier: Apache-2.0
// Mounts a flash of hostile content and uses whatever store is found. Sanitizers and the time limit of the caller
// judge.
//
// STORE_FUZZ_MAIN: a program that takes a seed and a number of runs, and makes its content from a store that worked,
// with bytes changed, cut out or repeated; otherwise libFuzzer's entry point, whose input is the content of the log.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/memory_nor.h"
#include "store/store.h"

#define SECTOR  2048u
#define SECTORS 4u
#define SLOT    1024u
#define SLOTS   6u
#define LOG     (SECTOR * SECTORS)
#define SIZE    (LOG + SLOT * SLOTS)

static uint8_t memory[SIZE];
static const struct store_layout layout = {{0, LOG, SECTOR}, {LOG, SLOT * SLOTS, SLOT}};

static struct store_text text(const char *of) {
    return (struct store_text){of, (uint32_t)strlen(of)};
}

static uint32_t look(const struct store *store, const char *space) {
    struct store_walk walk = {0};
    uint32_t sum = 0;
    while (store_next(store, text(space), &walk)) {
        struct store_text value;
        for (uint32_t i = 0; i < walk.value.length; i++) {
            sum += ((const uint8_t *)walk.value.bytes)[i];
        }
        sum += store_get(store, text(space), walk.key, &value) == STORE_OK;
    }
    return sum + store_usage(store, text(space));
}

static void install(struct store *store, uint32_t size) {
    uint8_t data[2500];
    const uint8_t *found;
    uint32_t number;
    struct store_artifact artifact = {.kind = 1, .name = "kit", .name_length = 3};
    memset(data, 0x5A, sizeof data);
    if (store_begin(store, size, &number) == STORE_OK && store_write(store, number, 0, data, size) == STORE_OK &&
        store_finish(store, number, &found) == STORE_OK) {
        if (memcmp(found, data, size) != 0) {
            abort();
        }
        store_commit(store, number, &artifact);
    }
}

static uint32_t use(struct store *store) {
    struct store_walk walk = {0};
    struct store_artifact artifact;
    uint32_t sum = look(store, "n") + look(store, "other");
    while (store_next_artifact(store, &walk, &artifact)) {
        const uint8_t *data = store_data(store, &artifact);
        sum += data[0] + data[artifact.size - 1];
    }
    for (uint32_t i = 0; i < 30; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%u", i % 4);
        store_put(store, text("n"), text(key), (struct store_text){memory, 100}, 2000);
        store_delete(store, text("other"), text(key));
    }
    install(store, 1500);
    store_mark(store, 1, text("kit"), text("reason"));
    store_remove(store, 1, text("kit"));
    struct store_stats stats;
    store_stats(store, &stats);
    return sum + stats.free;
}

static void mount(void) {
    struct motet_flash flash;
    struct store store;
    memory_nor_init(&flash, memory, SIZE, SLOT, 4);
    int result = store_mount(&store, &flash, &layout, "fuzz");
    if (result == STORE_OK) {
        use(&store);
    }
    // Whatever was there, formatting makes a store that works.
    if (result != STORE_OK && store_format(&store) == STORE_OK) {
        struct store_text value;
        if (store_put(&store, text("n"), text("k"), text("value"), 0) != STORE_OK ||
            store_get(&store, text("n"), text("k"), &value) != STORE_OK || value.length != 5) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    memset(memory, 0xFF, sizeof memory);
    memcpy(memory, data, size < sizeof memory ? size : sizeof memory);
    mount();
    return 0;
}

#ifdef STORE_FUZZ_MAIN
static uint32_t state;

static uint32_t chance(uint32_t below) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % below;
}

// A store that has been used for a while.
static void make_valid(void) {
    struct motet_flash flash;
    struct store store;
    memset(memory, 0xFF, sizeof memory);
    memory_nor_init(&flash, memory, SIZE, SLOT, 4);
    if (store_mount(&store, &flash, &layout, "fuzz") != STORE_OK) {
        abort();
    }
    for (uint32_t i = 0; i < 20 + chance(100); i++) {
        char key[8];
        snprintf(key, sizeof key, "k%u", chance(6));
        store_put(&store, text(chance(2) ? "n" : "other"), text(key), (struct store_text){memory, chance(200)}, 0);
    }
    install(&store, 1 + chance(2400));
}

static void damage(void) {
    for (uint32_t count = 1 + chance(8); count; count--) {
        uint32_t at = chance(LOG), from = chance(LOG), length = 1 + chance(200);
        switch (chance(5)) {
        case 0:
            memory[at] ^= (uint8_t)(1u << chance(8));
            break;
        case 1:
            memory[at] = (uint8_t)chance(256);
            break;
        case 2:
            memset(memory + at, chance(2) ? 0xFF : 0, length);
            break;
        case 3:
            memmove(memory + at, memory + from, length);
            break;
        default:
            memmove(memory + chance(SECTORS) * SECTOR, memory + chance(SECTORS) * SECTOR, SECTOR);
        }
    }
}

static void noise(void) {
    for (uint32_t i = 0; i < LOG; i++) {
        memory[i] = (uint8_t)chance(256);
    }
}

int main(int argc, char **argv) {
    uint32_t runs = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000;
    state = (argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1) * 2654435761u | 1;
    for (uint32_t run = 0; run < runs; run++) {
        make_valid();
        if (run % 16 == 15) {
            noise();
        } else {
            damage();
        }
        mount();
    }
    printf("{\"runs\": %u}\n", runs);
    return 0;
}
#endif
