// SPDX-License-Identifier: Apache-2.0
// What the parts of the port share: the wire and the wait.
#ifndef MOTET_PORT_H
#define MOTET_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link;

// Puts the UART into the hands of `link` (NULL: back to raw text). The caller keeps the link's memory alive.
void port_attach(struct link *link);
bool port_attached(void);

// Sends what the attached link has to send, as far as the transmitter takes it now.
void port_pump(void);

// Text for a human: see console.c.
void port_print(const char *text, size_t length);
void port_write_raw(const char *text, size_t length);
// Ends what is on its way where raw text goes next.
void port_end_frame(void);
// From now on Ctrl-C on the console interrupts the program. Whether it has.
void port_console_listen(void);
bool port_interrupted(void);
// One LOG frame; false: no room for it now.
bool port_log(const char *text, size_t length);

// Sleeps until an interrupt brought something or `timeout_ms` has passed; negative: no time limit.
void port_wait(int32_t timeout_ms);
// Ends the sleep of port_wait; called by interrupt handlers.
void port_wake(void);
// Sleeps until the next interrupt, whatever it brings, and hides nothing from port_wait.
void port_pause(void);

#endif
