// SPDX-License-Identifier: Apache-2.0
// The directory of artifacts: one record of the log each, so that its change is as atomic as any. Inside of the store
// only.
#ifndef MOTET_STORE_DIRECTORY_H
#define MOTET_STORE_DIRECTORY_H

#include "store/log.h"

int directory_put(struct store *store, const struct store_artifact *artifact);

#endif
