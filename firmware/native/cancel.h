// SPDX-License-Identifier: Apache-2.0
// One flag that stops whatever native work is running: the wasm engine tests it with every unit of fuel, the
// nn engine with every step. It may be raised from an interrupt or another thread; whoever starts a call
// clears it first.
#ifndef MOTET_CANCEL_H
#define MOTET_CANCEL_H

#include <stdbool.h>
#include <stdint.h>

extern volatile uint8_t motet_cancelled;

static inline bool motet_cancel_pending(void) {
    return motet_cancelled != 0;
}

#endif
