// SPDX-License-Identifier: Apache-2.0
// Text for a human: raw on the wire before a link is attached, one LOG frame a line afterwards.
#include "arch/arch.h"
#include "frame/link.h"
#include "port.h"

// A longer line continues in a second frame.
#define LINE_ROOM 120
// How long a line waits for the lines before it to leave; a traceback is longer than the link's room for text.
#define PATIENCE_MS 100

static char line[LINE_ROOM];
static size_t line_length;

static void end_line(void) {
    uint32_t start = arch_time_ms();
    while (line_length && !port_log(line, line_length) && arch_time_ms() - start < PATIENCE_MS) {
        port_pause();
    }
    line_length = 0;
}

static void print_framed(char character) {
    if (character == '\n') {
        end_line();
    } else if (character != '\r') {
        line[line_length++] = character;
        if (line_length == sizeof line) {
            end_line();
        }
    }
}

static void print_raw(char character) {
    if (character == '\n') {
        port_write_raw("\r", 1);
    }
    port_write_raw(&character, 1);
}

void port_print(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (port_attached()) {
            print_framed(text[i]);
        } else {
            print_raw(text[i]);
        }
    }
}
