// SPDX-License-Identifier: Apache-2.0
// Memory of the tables: parameters from the start of their block, places from its end.
#include "model.h"

static size_t rounded(size_t bytes) {
    return (bytes + NN_ALIGN - 1) & ~(size_t)(NN_ALIGN - 1);
}

static bool fits(nn_build *build) {
    return build->used + build->places <= build->room || nn_refuse(build, NN_WHY_TABLES_NOT_FIT_BLOCK);
}

void nn_clear(void *memory, size_t bytes) {
    uint32_t *at = memory;
#ifdef __thumb__ // four words at a time, of which the compiler would make pairs
    register uint32_t a __asm("r2") = 0, b __asm("r3") = 0, c __asm("r4") = 0, d __asm("r5") = 0;
    for (; bytes >= 128; bytes -= 128) {
        __asm volatile(".rept 8\n stmia %0!, {%1, %2, %3, %4}\n .endr"
                       : "+l"(at)
                       : "l"(a), "l"(b), "l"(c), "l"(d)
                       : "memory");
    }
#endif
    for (; bytes > 0; bytes -= 8, at += 2) {
        at[0] = at[1] = 0;
        __asm volatile("" ::: "memory"); // or the compiler would call memset
    }
}

void *nn_take(nn_build *build, size_t bytes) {
    build->used += rounded(bytes);
    return nn_measuring(build) || !fits(build) ? NULL : build->memory + build->used - rounded(bytes);
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
