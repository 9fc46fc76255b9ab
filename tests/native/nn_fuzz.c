// SPDX-License-Identifier: Apache-2.0
// Loads and runs models that nobody trusts. Built with ASan and UBSan; any finding ends the process.
//
//     nn_fuzz FILE ...     each file is a model
//     nn_fuzz < STREAM     models one after the other, each behind its length as 32 bits, little endian
//
// Prints one line for each model: its outcome, or "ok". With -DNN_LIBFUZZER it is a libFuzzer target instead.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "nn/nn.h"

#define MOST_BYTES 0x100000 // of either block: a larger model is refused, as a board would
#define STEPS      300

static const char *const outcomes[] = {"ok",        "malformed", "unsupported", "too large",
                                       "no memory", "cancelled", "out of steps"};

static void fill_inputs(const nn_model *model) {
    uint32_t state = 12345;
    for (uint32_t i = 0; i < nn_inputs(model); i++) {
        nn_tensor input = nn_input(model, i);
        for (uint32_t k = 0; k < input.bytes; k++) {
            state = state * 1664525u + 1013904223u;
            input.data[k] = (uint8_t)(state >> 24);
        }
    }
}

// Reads every byte that a caller may read.
static void use_outputs(const nn_model *model) {
    volatile uint32_t sum = 0;
    for (uint32_t i = 0; i < nn_outputs(model); i++) {
        nn_tensor output = nn_output(model, i);
        for (uint32_t k = 0; k < output.bytes; k++) {
            sum += output.data[k];
        }
        for (uint32_t k = 0; k < output.name_length; k++) {
            sum += (uint8_t)output.name[k];
        }
    }
}

static void hold(bool condition, const char *what) {
    if (!condition) {
        fprintf(stderr, "%s\n", what);
        abort();
    }
}

// A model that ran ends with one step less than it took, and at its first step when it is cancelled.
static void hold_to_bounds(nn_model *model) {
    nn_error error;
    uint32_t used = nn_steps_used(model);
    motet_cancelled = 1;
    bool ended = nn_invoke(model, STEPS, &error);
    motet_cancelled = 0;
    hold(used == 0 || (!ended && error.status == NN_CANCELLED), "the cancel flag does not stop it");
    if (used > 1) {
        ended = nn_invoke(model, used - 1, &error);
        hold(!ended && error.status == NN_OUT_OF_STEPS, "it does not keep to its steps");
        hold(nn_steps_used(model) == used - 1, "it took other steps");
    }
}

static nn_status run(nn_model *model, nn_error *error) {
    if (nn_activation_bytes(model) > MOST_BYTES) {
        return NN_NO_MEMORY;
    }
    void *activations = malloc(nn_activation_bytes(model));
    if (nn_attach(model, activations, nn_activation_bytes(model), error)) {
        for (int runs = 0; runs < 2 && error->status == NN_OK; runs++, nn_reset(model)) {
            fill_inputs(model);
            if (nn_invoke(model, STEPS, error)) {
                use_outputs(model);
            }
        }
    }
    if (error->status == NN_OK) {
        hold_to_bounds(model);
    }
    free(activations);
    return error->status;
}

static nn_status try_model(const uint8_t *file, size_t size) {
    nn_error error;
    size_t table_bytes;
    if (!nn_measure(file, size, &table_bytes, &error)) {
        return error.status;
    }
    if (table_bytes > MOST_BYTES) {
        return NN_NO_MEMORY;
    }
    void *tables = malloc(table_bytes);
    nn_model *model = nn_load(file, size, tables, table_bytes, &error);
    nn_status status = model == NULL ? error.status : run(model, &error);
    free(tables);
    return status;
}

// In a block of exactly its size; every other model at an odd address.
static nn_status try_copy(const uint8_t *file, size_t size, bool odd) {
    uint8_t *block = malloc(size + odd ? size + odd : 1);
    memcpy(block + odd, file, size);
    nn_status status = try_model(block + odd, size);
    free(block);
    return status;
}

#ifdef NN_LIBFUZZER

// Says to a plan where it lies and how long the file is (nn/packed.h), so that it counts although bytes were inserted.
static void anchor_plan(uint8_t *file, size_t size) {
    for (size_t at = 0; at + 32 <= size; at += 4) {
        if (memcmp(file + at, "MPLN", 4) == 0) {
            const uint32_t words[2] = {(uint32_t)at, (uint32_t)size};
            memcpy(file + at + 24, words, sizeof words);
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *anchored = malloc(size ? size : 1);
    memcpy(anchored, data, size);
    anchor_plan(anchored, size);
    try_copy(anchored, size, size & 1);
    free(anchored);
    return 0;
}

#else

static uint8_t *read_exactly(FILE *from, size_t size) {
    uint8_t *data = malloc(size ? size : 1);
    if (fread(data, 1, size, from) != size) {
        free(data);
        return NULL;
    }
    return data;
}

static void report(const uint8_t *data, size_t size, unsigned count) {
    puts(outcomes[try_copy(data, size, count & 1)]);
    fflush(stdout); // so that the reader knows which model ended the process
}

static void read_stream(void) {
    uint32_t size;
    for (unsigned count = 0; fread(&size, sizeof size, 1, stdin) == 1; count++) {
        uint8_t *data = read_exactly(stdin, size);
        if (data == NULL) {
            return;
        }
        report(data, size, count);
        free(data);
    }
}

static void read_file(const char *path, unsigned count) {
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END)) {
        perror(path);
        exit(2);
    }
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = read_exactly(file, size);
    fclose(file);
    if (data != NULL) {
        report(data, size, count);
    }
    free(data);
}

int main(int argc, char **argv) {
    if (argc < 2) {
        read_stream();
    }
    for (int i = 1; i < argc; i++) {
        read_file(argv[i], (unsigned)i);
    }
    return 0;
}

#endif
