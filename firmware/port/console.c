// SPDX-License-Identifier: Apache-2.0
// Text for a human. A console of its own gets it raw, and so does the link's UART before a link is attached. Once one
// is, it carries the text too, one LOG frame a line. Ctrl-C on a console of its own interrupts the program.
#include "py/runtime.h"

#include "arch/arch.h"
#include "cancel.h"
#include "frame/link.h"
#include "port.h"
#include "soc/soc.h"

// A longer line continues in a second frame.
#define LINE_ROOM 120
// How long a line waits for the lines before it to leave; a traceback is longer than the link's room for text.
#define PATIENCE_MS 100
// How often a busy transmitter is asked before it counts as stuck: many times what a character takes.
#define SEND_TRIES 1000000u
#define CTRL_C     3

#ifdef PORT_CONSOLE_UART
#define HAS_CONSOLE     1
#define write_byte      soc_console_write
#define END_OF_ANYTHING "\r\n"
#else
#define HAS_CONSOLE     0
#define write_byte      soc_uart_write
// A zero byte first: it ends whatever frame was on its way, so that the text stands alone.
#define END_OF_ANYTHING "\0\r\n"
#endif

static char line[LINE_ROOM];
static size_t line_length;
static bool stuck;
static volatile bool listening, interrupted;

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
        if (HAS_CONSOLE || !port_attached()) {
            print_raw(text[i]);
        }
        if (port_attached()) {
            print_framed(text[i]);
        }
    }
}

void port_write_raw(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        // A transmitter that never becomes free must neither keep the board from restarting nor slow it down for good.
        uint32_t tries = stuck ? 1 : SEND_TRIES;
        while (tries && !write_byte((uint8_t)text[i])) {
            tries--;
        }
        stuck = tries == 0;
    }
}

void port_end_frame(void) {
    port_write_raw(END_OF_ANYTHING, sizeof END_OF_ANYTHING - 1);
}

void port_console_listen(void) {
    listening = true;
}

bool port_interrupted(void) {
    return interrupted;
}

#ifdef PORT_CONSOLE_UART
void port_on_console(void) {
    for (int byte; (byte = soc_console_read()) >= 0;) {
        if (byte == CTRL_C && listening) {
            interrupted = true;
            motet_cancelled = 1;
            mp_sched_keyboard_interrupt();
            port_wake();
        }
    }
}
#endif
