// SPDX-License-Identifier: Apache-2.0
// Sectors of the slot region and who has them. Inside of the store only.
#ifndef MOTET_STORE_SLOTS_H
#define MOTET_STORE_SLOTS_H

#include "store/log.h"

// After mounting: goes on behind the artifact that was installed last.
void slots_reset(struct store *store);
uint32_t slots_place(const struct store *store, uint32_t first);
// A run of sectors for `size` bytes -> its length and `*first`; 0: none is free.
uint32_t slots_choose(const struct store *store, uint32_t size, uint32_t *first);
uint32_t slots_count_free(const struct store *store);
struct store_stage *slots_stage(struct store *store, uint32_t number);

#endif
