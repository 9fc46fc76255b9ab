// SPDX-License-Identifier: Apache-2.0
// The bytes of heads and records. Inside of the store only.
#ifndef MOTET_STORE_LOG_WRITE_H
#define MOTET_STORE_LOG_WRITE_H

#include "store/log.h"

// Writes what `record` says (its place does not count), the checksum last. False: the sector fails.
bool log_write_record(struct store *store, uint32_t sector, uint32_t at, const struct log_record *record);
// Writes sequence and erase count of a sector into its head.
bool log_write_head(struct store *store, uint32_t sector);
// Reads both -> 1; 0 when there is no head, -1 when it is one of another store.
int log_read_head(const struct store *store, uint32_t sector, struct store_sector *into);

#endif
