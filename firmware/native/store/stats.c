// SPDX-License-Identifier: Apache-2.0
#include "store/slots.h"

#include <string.h>

void store_stats(const struct store *store, struct store_stats *stats) {
    *stats = (struct store_stats){
        .sectors = store->sectors,
        .torn = store->torn,
        .damaged = store->damaged,
        .slots = store->slots,
        .slots_free = slots_count_free(store),
        .least_erases = UINT32_MAX,
    };
    for (uint32_t i = 0; i < store->sectors; i++) {
        uint32_t erases = store->sector[i].erases;
        bool worn = store->bad_log >> i & 1;
        stats->retired += worn;
        stats->free += !worn && !log_in_use(store, i);
        stats->least_erases = erases < stats->least_erases ? erases : stats->least_erases;
        stats->most_erases = erases > stats->most_erases ? erases : stats->most_erases;
    }
    for (uint32_t i = 0; i < store->slots; i++) {
        stats->slots_retired += bad_slot(store, i);
    }
}
