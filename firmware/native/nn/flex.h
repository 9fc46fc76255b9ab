// SPDX-License-Identifier: Apache-2.0
// Options of custom operators: a flexbuffer (flatbuffers.dev, "FlexBuffers") with a map of small numbers at its root.
#ifndef MOTET_NN_FLEX_H
#define MOTET_NN_FLEX_H

#include "model.h"

// Reads the integer or boolean `name` of the operator's options, which must lie between `low` and `high`.
bool nn_read_flexible(nn_build *build, const char *name, int32_t low, int32_t high, int32_t *value);

#endif
