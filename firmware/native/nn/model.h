// SPDX-License-Identifier: Apache-2.0
// The engine's own view of a loaded model, shared by loader, planner and kernels.
#ifndef MOTET_NN_MODEL_H
#define MOTET_NN_MODEL_H

#include "cancel.h"
#include "fb.h"
#include "nn.h"

#define NN_MAX_TENSORS      2048
#define NN_MAX_OPERATORS    1024
#define NN_MAX_TENSOR_BYTES 0xFFFFFFu  // so that a sum of all elements of an int8 tensor fits 32 bits
#define NN_MAX_BLOCK        0x4000000u // 64 MiB: of the tables, and of the activations
#define NN_NOT_USED         0xFFFFu
#define NN_MOST_READS       128u   // times the size of the file, that its operators may read constants while loading
#define NN_STEP_WORK        16384u // multiplications or element moves that make up one step, at most

typedef struct nn_operator nn_operator;

// A tensor's place in time and memory.
typedef struct {
    uint32_t offset; // into the activations, or into the model file when constant
    uint32_t bytes;
    uint16_t first; // operator that writes it, NN_NOT_USED for constants and unused tensors
    uint16_t last;  // operator that reads it last, the operator count for outputs of the graph
    uint16_t root;  // tensor whose memory it shares: itself unless it is a reshaped view
    uint16_t order; // the planner's list of tensors; not tied to this tensor
} nn_place;

typedef struct {
    const nn_operator *kind;
    void *params;
    uint32_t scratch_bytes;
    uint32_t scratch;
} nn_node;

struct nn_model {
    nn_fb file;
    nn_table graph;
    nn_vector tensors;
    nn_vector buffers;
    nn_vector codes;
    nn_vector operators;
    nn_vector inputs;
    nn_vector outputs;
    nn_place *places;
    nn_node *nodes;
    nn_tensor *ports; // inputs, then outputs: kept, so that a file that changes under us cannot move them
    uint8_t *activations;
    uint32_t activation_bytes;
    uint32_t steps;
    uint32_t steps_left;
};

// While a model is measured or loaded. Measuring runs the same code without memory.
typedef struct {
    nn_model *model;
    nn_error *error;
    uint8_t *memory; // NULL while measuring
    size_t room;
    size_t used;
    uint64_t read;  // bytes of constants and scales so far
    uint32_t index; // of the operator being prepared
    nn_node *node;
    nn_vector inputs; // of that operator
    nn_vector outputs;
    nn_table options;
} nn_build;

// One operator: `prepare` checks it against the file and takes its parameters from the tables, `run` executes it and
// returns false when the step budget ended or the run was cancelled.
struct nn_operator {
    int32_t builtin;
    uint8_t options; // tag of its options union
    uint8_t inputs_least;
    uint8_t inputs_most;
    const char *name;
    bool (*prepare)(nn_build *build);
    bool (*run)(nn_model *model, const nn_node *node);
};

// Sets the error and returns false.
bool nn_fail(nn_build *build, nn_status status, const char *reason);

// Takes memory from the tables, zeroed. NULL while measuring (the caller then returns nn_measuring) or when it ran
// out.
void *nn_take(nn_build *build, size_t bytes);

static inline bool nn_measuring(const nn_build *build) {
    return build->memory == NULL;
}

static inline bool nn_malformed(nn_build *build, const char *reason) {
    return nn_fail(build, NN_MALFORMED, reason);
}

static inline bool nn_unsupported(nn_build *build, const char *reason) {
    return nn_fail(build, NN_UNSUPPORTED, reason);
}

static inline uint8_t *nn_data(const nn_model *model, uint16_t tensor) {
    const nn_place *place = &model->places[tensor];
    if (place->first == NN_NOT_USED) {
        return (uint8_t *)(uintptr_t)(model->file.data + place->offset); // constants are only ever read
    }
    return model->activations + place->offset;
}

// Called before each step of work.
static inline bool nn_step(nn_model *model) {
    if (model->steps_left == 0 || motet_cancel_pending()) {
        return false;
    }
    model->steps_left--;
    return true;
}

// How many items of `work` each make up a step; even, so that kernels may take items in pairs.
static inline uint32_t nn_items_per_step(uint32_t work) {
    uint32_t items = NN_STEP_WORK / (work ? work : 1);
    return items < 2 ? 2 : items & ~1u;
}

const nn_operator *nn_find_operator(int32_t builtin);
bool nn_plan(nn_build *build);
bool nn_read_ports(nn_build *build);

#endif
