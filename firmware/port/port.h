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

// Text for a human: a raw line before a link is attached, a LOG frame of the link afterwards.
void port_print(const char *text, size_t length);
void port_write_raw(const char *text, size_t length);
// One LOG frame; false: no room for it now.
bool port_log(const char *text, size_t length);

// Sleeps until an interrupt brought something or `timeout_ms` has passed; negative: no time limit.
void port_wait(int32_t timeout_ms);
// Sleeps until the next interrupt, whatever it brings, and hides nothing from port_wait.
void port_pause(void);

#endif
