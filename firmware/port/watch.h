// SPDX-License-Identifier: Apache-2.0
// Whether the program still runs. It shows it by waiting for something now and then, which MicroPython does between any
// two pieces of work; the tick restarts a board whose program does not. A hardware watchdog, where the chip has one,
// restarts a board whose tick does not run any more.
#ifndef MOTET_WATCH_H
#define MOTET_WATCH_H

#include <stdint.h>

// A shorter limit than a few ticks would restart a board that is merely busy.
#define WATCH_LEAST_MS 100

// Starts both; the program is about to run.
void watch_start(void);
// The program waits.
void watch_alive(void);
// How long it may take from one wait to the next; 30 s unless told.
void watch_limit(uint32_t ms);
// Called by the tick.
void watch_tick(void);

#endif
