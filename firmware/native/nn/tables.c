// SPDX-License-Identifier: Apache-2.0
// Memory of the tables: parameters from the start of their block, places from its end.
#include "model.h"

static size_t rounded(size_t bytes) {
    return (bytes + NN_ALIGN - 1) & ~(size_t)(NN_ALIGN - 1);
}

static bool fits(nn_build *build) {
    return build->used + rounded(build->places) <= build->room || nn_refuse(build, NN_WHY_TABLES_NOT_FIT_BLOCK);
}

void nn_clear(void *memory, size_t bytes) {
    uint64_t *at = memory;
    for (; bytes >= 16 * sizeof *at; bytes -= 16 * sizeof *at, at += 16) {
        at[0] = at[1] = at[2] = at[3] = at[4] = at[5] = at[6] = at[7] = 0;
        at[8] = at[9] = at[10] = at[11] = at[12] = at[13] = at[14] = at[15] = 0;
        __asm volatile("" ::: "memory"); // or the compiler would call memset
    }
    for (; bytes > 0; bytes -= sizeof *at, at++) {
        *at = 0;
        __asm volatile("" ::: "memory");
    }
}

void *nn_take(nn_build *build, size_t bytes) {
    build->used += rounded(bytes);
    if (nn_measuring(build) || !fits(build)) {
        return NULL;
    }
    void *memory = build->memory + build->used - rounded(bytes);
    nn_clear(memory, rounded(bytes));
    return memory;
}

void *nn_take_params(nn_build *build, size_t bytes) {
    return build->node->params = nn_take(build, bytes);
}

bool nn_take_place(nn_build *build) {
    build->places += sizeof(nn_place);
    return !nn_measuring(build) && fits(build);
}

void *nn_take_state(nn_build *build, uint32_t bytes, uint8_t fill) {
    const size_t head = (sizeof(nn_state) + NN_ALIGN - 1) & ~(size_t)(NN_ALIGN - 1);
    nn_state *state = nn_take(build, head + bytes);
    if (state == NULL) {
        return NULL;
    }
    state->next = build->model->states;
    state->bytes = bytes;
    state->fill = fill;
    build->model->states = state;
    return memset((uint8_t *)state + head, fill, bytes);
}
