// SPDX-License-Identifier: Apache-2.0
// What the engine uses of <string.h>, for a target without a C library.
#ifndef MOTET_NN32_STRING_H
#define MOTET_NN32_STRING_H

#include <stddef.h>

void *memset(void *to, int value, size_t count);
void *memcpy(void *to, const void *from, size_t count);
void *memmove(void *to, const void *from, size_t count);
int memcmp(const void *one, const void *other, size_t count);
size_t strlen(const char *text);

#endif
