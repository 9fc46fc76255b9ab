// SPDX-License-Identifier: Apache-2.0
// The engine compiled to 32-bit WebAssembly only to count: bytes of a model's tables and activations on a 32-bit board.
// Positions are addresses in linear memory, which the caller grows. Wrong sizes trap.
#include "nn/nn.h"

#include <string.h>

uint32_t table_bytes(const uint8_t *file, uint32_t size);
int32_t activation_bytes(const uint8_t *file, uint32_t size, void *room, uint32_t tables);

// 0 when the engine refuses the model.
uint32_t table_bytes(const uint8_t *file, uint32_t size) {
    nn_error error;
    size_t bytes;
    return nn_measure(file, size, &bytes, &error) ? (uint32_t)bytes : 0;
}

// -1 when the engine refuses the model.
int32_t activation_bytes(const uint8_t *file, uint32_t size, void *room, uint32_t tables) {
    nn_error error;
    nn_model *model = nn_load(file, size, room, tables, &error);
    return model == NULL ? -1 : (int32_t)nn_activation_bytes(model);
}

void *memset(void *to, int value, size_t count) {
    volatile uint8_t *bytes = to; // volatile: or the compiler would call memset for this loop
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)value;
    }
    return to;
}

void *memcpy(void *to, const void *from, size_t count) {
    return memmove(to, from, count);
}

void *memmove(void *to, const void *from, size_t count) {
    volatile uint8_t *target = to;
    const uint8_t *source = from;
    for (size_t i = 0; i < count; i++) {
        size_t at = target <= source ? i : count - 1 - i;
        target[at] = source[at];
    }
    return to;
}

int memcmp(const void *one, const void *other, size_t count) {
    const uint8_t *first = one, *second = other;
    for (size_t i = 0; i < count; i++) {
        if (first[i] != second[i]) {
            return first[i] - second[i];
        }
    }
    return 0;
}

size_t strlen(const char *text) {
    const volatile char *end = text;
    while (*end) {
        end++;
    }
    return (size_t)(end - text);
}
