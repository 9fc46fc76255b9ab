// SPDX-License-Identifier: Apache-2.0
// Options that begin with two dashes run the frozen device core, as in `motet-edge --listen 127.0.0.1:0`; everything
// else is MicroPython's command line, as in `motet-edge script.py`.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int motet_micropython_main(int argc, char **argv);

// Reading from standard input must not wait for a full buffer. Opened anew, so that whoever shares it with us keeps it
// as it was; what cannot be opened anew is a socket, which nobody shares.
static void make_input_nonblocking(void) {
    int number = open("/dev/stdin", O_RDONLY | O_NONBLOCK);
    if (number > STDIN_FILENO) {
        dup2(number, STDIN_FILENO);
        close(number);
    } else {
        fcntl(STDIN_FILENO, F_SETFL, fcntl(STDIN_FILENO, F_GETFL) | O_NONBLOCK);
    }
}

// `program options...` becomes `program -m motet_core options...`.
static int run_core(int argc, char **argv) {
    char **command = calloc((size_t)argc + 3, sizeof(char *));
    if (command == NULL) {
        return 1;
    }
    command[0] = argv[0];
    command[1] = "-m";
    command[2] = "motet_core";
    memcpy(command + 3, argv + 1, (size_t)(argc - 1) * sizeof(char *));
    return motet_micropython_main(argc + 2, command);
}

int main(int argc, char **argv) {
    // Scripts that run the core have its options, too.
    for (int at = 1; at < argc; at++) {
        if (strcmp(argv[at], "--stdio") == 0) {
            make_input_nonblocking();
        }
    }
    if (argc > 1 && strncmp(argv[1], "--", 2) == 0) {
        return run_core(argc, argv);
    }
    return motet_micropython_main(argc, argv);
}
