// SPDX-License-Identifier: Apache-2.0
// Loads one model and runs it once on a fixed pseudo-random input; prints instructions, memory and a hash of the
// output.
#include "board.h"
#include "nn/nn.h"

#define BLOCK_BYTES    0x700000
#define MOST_OPERATORS 1024

extern const uint8_t model_file[];
extern const uint32_t model_size;
static uint8_t table_block[BLOCK_BYTES] __attribute__((section(".blocks"), aligned(16)));
static uint8_t activation_block[BLOCK_BYTES] __attribute__((section(".blocks"), aligned(16)));

static int failed(const nn_error *error) {
    print_text("error ");
    print_text(error->name ? error->name : "model");
    print_text(": ");
    print_text(error->reason);
    print_text("\n");
    return 1;
}

static void fill(const nn_tensor *input) {
    uint32_t state = 12345;
    for (uint32_t i = 0; i < input->bytes; i++) {
        state = state * 1664525u + 1013904223u;
        input->data[i] = (uint8_t)(state >> 24);
    }
}

static uint32_t fnv1a(const nn_tensor *output) {
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < output->bytes; i++) {
        hash = (hash ^ output->data[i]) * 16777619u;
    }
    return hash;
}

static uint64_t clock(void) {
    return ticks();
}

// A second run, operator by operator. Lines are "operator KIND instructions".
static bool profile(nn_model *model, nn_error *error) {
    static uint64_t costs[MOST_OPERATORS];
    nn_tensor input = nn_input(model, 0);
    nn_reset(model);
    fill(&input);
    if (nn_operators(model) > MOST_OPERATORS || !nn_profile(model, 0, clock, costs, error)) {
        return false;
    }
    for (uint32_t i = 0; i < nn_operators(model); i++) {
        print_text("operator ");
        print_number(nn_operator_name(model, i), (uint32_t)costs[i] * INSTRUCTIONS_PER_TICK);
    }
    return true;
}

int main(void) {
    nn_error error;
    size_t table_bytes;
    uint32_t start = ticks();
    if (!nn_measure(model_file, model_size, &table_bytes, &error)) {
        return failed(&error);
    }
    uint32_t measured = ticks();
    nn_model *model = nn_load(model_file, model_size, table_block, table_bytes, &error);
    if (model == NULL || !nn_attach(model, activation_block, BLOCK_BYTES, &error)) {
        return failed(&error);
    }
    uint32_t loaded = ticks();
    print_number("load_instructions", (loaded - start) * INSTRUCTIONS_PER_TICK);
    print_number("init_instructions", (loaded - measured) * INSTRUCTIONS_PER_TICK); // when the sizes are known before
    print_number("table_bytes", table_bytes);
    print_number("activation_bytes", nn_activation_bytes(model));
    nn_tensor input = nn_input(model, 0), output = nn_output(model, 0);
    fill(&input);
    start = ticks();
    if (!nn_invoke(model, 0, &error)) {
        return failed(&error);
    }
    print_number("invoke_instructions", (ticks() - start) * INSTRUCTIONS_PER_TICK);
    print_number("steps", nn_steps_used(model));
    print_number("output_fnv1a", fnv1a(&output));
    return profile(model, &error) ? 0 : failed(&error);
}
