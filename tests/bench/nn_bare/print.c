// SPDX-License-Identifier: Apache-2.0
#include "board.h"

void print_number(const char *name, uint64_t value) {
    char digits[24];
    char *at = digits + sizeof digits;
    *--at = 0;
    *--at = '\n';
    do {
        *--at = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    print_text(name);
    print_text(" ");
    print_text(at);
}
