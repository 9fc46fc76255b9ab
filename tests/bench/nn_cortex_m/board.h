// SPDX-License-Identifier: Apache-2.0
// What the bench needs of the emulated board: text out, and a counter of instructions.
#ifndef MOTET_BENCH_BOARD_H
#define MOTET_BENCH_BOARD_H

#include <stdint.h>

#define INSTRUCTIONS_PER_TICK 40 // the timer counts 25 MHz; with -icount shift=0 an instruction takes 1 ns

void print_text(const char *text);
void print_number(const char *name, uint32_t value); // one line "name value"
uint32_t ticks(void);
int main(void);

#endif
