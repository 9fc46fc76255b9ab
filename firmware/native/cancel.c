// SPDX-License-Identifier: Apache-2.0
#include "cancel.h"

volatile uint8_t motet_cancelled;
