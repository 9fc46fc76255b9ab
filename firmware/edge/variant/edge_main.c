// SPDX-License-Identifier: Apache-2.0
// Options that begin with two dashes run the frozen device core, as in `motet-edge --listen 127.0.0.1:0`; everything
// else is MicroPython's command line, as in `motet-edge script.py`.
#include <stdlib.h>
#include <string.h>

int motet_micropython_main(int argc, char **argv);

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
    if (argc > 1 && strncmp(argv[1], "--", 2) == 0) {
        return run_core(argc, argv);
    }
    return motet_micropython_main(argc, argv);
}
