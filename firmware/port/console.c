// SPDX-License-Identifier: Apache-2.0
// Text for a human: raw on the wire before a link is attached, one LOG frame a line afterwards.
#include "arch/arch.h"
#include "frame/link.h"
#include "port.h"

// A longer line continues in a second frame.
#define LINE_ROOM 120

static char line[LINE_ROOM];
static size_t line_length;

static void end_line(void) {
    if (line_length) {
        port_log(line, line_length);
        line_length = 0;
    }
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
