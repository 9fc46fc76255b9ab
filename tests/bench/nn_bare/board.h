// SPDX-License-Identifier: Apache-2.0
// What the bench needs of the emulated machine: text out, and a counter of instructions.
#ifndef MOTET_BENCH_BOARD_H
#define MOTET_BENCH_BOARD_H

#include <stdint.h>

void print_text(const char *text);
void print_number(const char *name, uint64_t value); // one line "name value"

// A clock that only goes up, of TICKS_HZ. With -icount shift=0 an instruction takes 1 ns of the machine's time.
uint64_t ticks(void);
#define INSTRUCTIONS(ticks) ((ticks) * 1000000000ull / TICKS_HZ)

int main(void);

#endif
