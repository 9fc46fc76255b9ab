// SPDX-License-Identifier: Apache-2.0
// Loads each model, runs it on its inputs, or once on a fixed pseudo-random first input; prints instructions, memory
// and a hash of all outputs of all runs.
#include <string.h>

#include "board.h"
#include "nn/nn.h"

#define BLOCK_BYTES    0x700000
#define MOST_OPERATORS 1024

// What tools/nn_bare.py lays out: a count in 16 bytes, then for each model this, the file and the inputs, each padded
// to a multiple of 16.
typedef struct {
    uint32_t model_bytes, input_bytes, profile, padding;
} entry;

extern const uint8_t models[];
static uint8_t table_block[BLOCK_BYTES] __attribute__((section(".blocks"), aligned(16)));
static uint8_t activation_block[BLOCK_BYTES] __attribute__((section(".blocks"), aligned(16)));

static bool failed(const nn_error *error) {
    print_text("error ");
    print_text(error->name ? error->name : "model");
    print_text(": ");
    print_text(error->reason);
    print_text("\n");
    return false;
}

static void fill(const nn_tensor *input) {
    uint32_t state = 12345;
    for (uint32_t i = 0; i < input->bytes; i++) {
        state = state * 1664525u + 1013904223u;
        input->data[i] = (uint8_t)(state >> 24);
    }
}

// All inputs from `given`, or the first by pattern and the others zero. Returns what follows.
static const uint8_t *fill_all(nn_model *model, const uint8_t *given) {
    for (uint32_t i = 0; i < nn_inputs(model); i++) {
        nn_tensor input = nn_input(model, i);
        if (given != NULL) {
            memcpy(input.data, given, input.bytes);
            given += input.bytes;
        } else if (i == 0) {
            fill(&input);
        } else {
            memset(input.data, 0, input.bytes);
        }
    }
    return given;
}

static uint32_t hash_all(nn_model *model, uint32_t hash) {
    for (uint32_t i = 0; i < nn_outputs(model); i++) {
        nn_tensor output = nn_output(model, i);
        for (uint32_t k = 0; k < output.bytes; k++) {
            hash = (hash ^ output.data[k]) * 16777619u;
        }
    }
    return hash;
}

// Another run, operator by operator. Lines are "operator KIND instructions".
static bool profile(nn_model *model, nn_error *error) {
    static uint64_t costs[MOST_OPERATORS];
    nn_reset(model);
    fill_all(model, NULL);
    if (nn_operators(model) > MOST_OPERATORS || !nn_profile(model, 0, ticks, costs, error)) {
        return false;
    }
    for (uint32_t i = 0; i < nn_operators(model); i++) {
        print_text("operator ");
        print_number(nn_operator_name(model, i), INSTRUCTIONS(costs[i]));
    }
    return true;
}

static nn_model *load(const entry *one, const uint8_t *file, nn_error *error) {
    size_t table_bytes;
    uint64_t start = ticks();
    if (!nn_measure(file, one->model_bytes, &table_bytes, error)) {
        return NULL;
    }
    uint64_t measured = ticks();
    nn_model *model = nn_load(file, one->model_bytes, table_block, table_bytes, error);
    if (model == NULL || !nn_attach(model, activation_block, BLOCK_BYTES, error)) {
        return NULL;
    }
    uint64_t loaded = ticks();
    print_number("load_instructions", INSTRUCTIONS(loaded - start));
    print_number("init_instructions", INSTRUCTIONS(loaded - measured)); // when the sizes are known before
    print_number("table_bytes", table_bytes);
    print_number("activation_bytes", nn_activation_bytes(model));
    return model;
}

static bool run(nn_model *model, const entry *one, const uint8_t *inputs, nn_error *error) {
    const uint8_t *end = inputs + one->input_bytes, *given = one->input_bytes ? inputs : NULL;
    uint32_t hash = 2166136261u;
    uint64_t spent = 0;
    do {
        given = fill_all(model, given);
        uint64_t start = ticks();
        if (!nn_invoke(model, 0, error)) {
            return false;
        }
        spent = ticks() - start;
        hash = hash_all(model, hash);
    } while (given != NULL && given < end);
    print_number("invoke_instructions", INSTRUCTIONS(spent));
    print_number("steps", nn_steps_used(model));
    print_number("output_fnv1a", hash);
    return !one->profile || profile(model, error);
}

static bool bench(const entry *one) {
    nn_error error = {0};
    const uint8_t *file = (const uint8_t *)(one + 1);
    nn_model *model = load(one, file, &error);
    return (model != NULL && run(model, one, file + (one->model_bytes + 15) / 16 * 16, &error)) || failed(&error);
}

int main(void) {
    const entry *one = (const entry *)(models + sizeof *one);
    uint32_t count = *(const uint32_t *)models;
    bool well = true;
    for (uint32_t i = 0; i < count; i++) {
        print_number("model", i);
        well &= bench(one);
        one += 1 + (one->model_bytes + 15) / 16 + (one->input_bytes + 15) / 16;
    }
    return well ? 0 : 1;
}
