// SPDX-License-Identifier: Apache-2.0
// What is left to say when the processor faults, and what the next boot remembers of it.
#ifndef MOTET_FAULT_H
#define MOTET_FAULT_H

#include <stddef.h>
#include <stdint.h>

struct fault_field {
    const char *name;
    uint32_t value;
};

// Writes "KIND name=value ... note" raw on the console, remembers it, then restarts the chip or stops, as the board
// says.
_Noreturn void fault_report(const char *kind, const struct fault_field *fields, size_t count, const char *note);

// The same for a program that hangs at `pc`; the next boot's reset_reason() is "watchdog".
_Noreturn void fault_hang(uint32_t pc);

// Restarts the chip; the next boot's reset_reason() is `reason`, a literal of at most 15 characters.
_Noreturn void fault_restart(const char *reason);

// What the next boot reports when this run ends without a further word: reset_reason() and last_fault().
void fault_remember(const char *reason, const char *line);

// Reads the record that the last run left in RAM; call once at boot.
void fault_recall(void);

// "power_on", "external", "reset", "fault", "crash", "interrupt", "watchdog", or what the hardware knows better.
const char *fault_reset_reason(void);

// The line that fault_report wrote before this boot, or "".
const char *fault_last(void);

// How many starts in a row have ended in a fault, a crash or the watchdog; 0 after any other kind of start.
uint32_t fault_failures(void);

// The program has run for a while: the next failure counts as the first.
void fault_settled(void);

// Differs from boot to boot as far as RAM content and, where there is one, the hardware source can make it.
uint32_t fault_boot_entropy(void);

#endif
