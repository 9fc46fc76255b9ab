// SPDX-License-Identifier: Apache-2.0
// Runs quantised TensorFlow Lite models, with the bytes of TensorFlow Lite Micro, on any CPU with 32-bit integers.
//
// The model is read in place and must stay where it is; a change of its bytes can spoil results but not memory. All
// memory comes from the caller, in two blocks of exactly known size: the tables (graph and per-channel constants),
// then the activations. Two small blocks fit a fragmented heap better than one large one.
//
//     nn_measure(bytes, size, &table_bytes, &error);          checks everything, needs no memory
//     model = nn_load(bytes, size, tables, table_bytes, &error);
//     nn_attach(model, memory, nn_activation_bytes(model), &error);
//     memcpy(nn_input(model, 0).data, ...);
//     nn_invoke(model, steps, &error);
//     ... nn_output(model, 0).data ...
//
// A model file is never trusted: whatever its bytes, loading either succeeds or says what is wrong, and a loaded
// model stays inside its blocks. Nothing here recurses, allocates or keeps global state.
#ifndef MOTET_NN_H
#define MOTET_NN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NN_MAX_RANK 6
#define NN_ALIGN    8 // of both blocks, and of each tensor inside the activations

typedef enum {
    NN_OK,
    NN_MALFORMED,   // not a model, or one that contradicts itself
    NN_UNSUPPORTED, // a valid model that needs something the engine does not have
    NN_TOO_LARGE,   // beyond a fixed limit of the engine
    NN_NO_MEMORY,   // a block is too small or misaligned
    NN_CANCELLED,   // motet_cancelled was set
    NN_OUT_OF_STEPS // the step budget is used up
} nn_status;

typedef struct {
    nn_status status;
    int32_t operator_index; // -1: not about one operator
    int32_t builtin;        // TensorFlow Lite's code of that operator, -1 if not known
    const char *name;       // of that operator ("" in a build without texts); NULL when the engine does not know it
    const char *reason;     // static text
    uint8_t code;           // of that reason (reasons.h); 0: no error
} nn_error;

typedef enum {
    NN_FLOAT32 = 0,
    NN_INT32 = 2,
    NN_UINT8 = 3,
    NN_INT64 = 4,
    NN_BOOL = 6,
    NN_INT16 = 7,
    NN_INT8 = 9,
    NN_UINT64 = 12,
    NN_UINT32 = 15
} nn_type;

typedef struct {
    const char *name; // not terminated
    uint32_t name_length;
    nn_type type;
    uint32_t rank;
    int32_t shape[NN_MAX_RANK];
    float scale; // 0 when not quantised
    int32_t zero_point;
    uint32_t bytes;
    uint32_t offset; // in the activations
    uint8_t *data;   // NULL before nn_attach
} nn_tensor;

typedef struct nn_model nn_model;

// Checks the file and each operator; gives the bytes that nn_load needs. False: see the error.
bool nn_measure(const uint8_t *file, size_t size, size_t *table_bytes, nn_error *error);

// Builds the tables and plans the activations. NULL: see the error.
nn_model *nn_load(const uint8_t *file, size_t size, void *tables, size_t table_bytes, nn_error *error);

size_t nn_activation_bytes(const nn_model *model);

// Why the plan in the file (packed.h) is not used, as static text; NULL when it is.
const char *nn_plan_note(const nn_model *model);

// Where tensor `tensor` of the graph lies in the activations; UINT32_MAX when it is not there. What a packer needs.
uint32_t nn_tensor_offset(const nn_model *model, uint32_t tensor);
bool nn_attach(nn_model *model, void *memory, size_t bytes, nn_error *error);

// Runs the model once. It reuses the memory of its inputs: fill them before each call. `steps` bounds the work (0: no
// bound); a step is one output pixel or row, or several small ones (NN_STEP_WORK in model.h). False: see the error.
bool nn_invoke(nn_model *model, uint32_t steps, nn_error *error);

// nn_invoke that also takes the time of each operator, in units of `clock`: `costs` has nn_operators() elements.
typedef uint64_t (*nn_clock)(void);
bool nn_profile(nn_model *model, uint32_t steps, nn_clock clock, uint64_t *costs, nn_error *error);

uint32_t nn_steps_used(const nn_model *model); // by the last nn_invoke

// Whether a run depends on earlier ones.
bool nn_remembers(const nn_model *model);

// Forgets what the model remembers of earlier runs, as if it had just been loaded. A run that ended early leaves the
// memory of a model somewhere between two runs: reset it then.
void nn_reset(nn_model *model);

// Indexes must be below the counts.
uint32_t nn_inputs(const nn_model *model);
uint32_t nn_outputs(const nn_model *model);
nn_tensor nn_input(const nn_model *model, uint32_t index);
nn_tensor nn_output(const nn_model *model, uint32_t index);
uint32_t nn_operators(const nn_model *model);
const char *nn_operator_name(const nn_model *model, uint32_t index);
const char *nn_type_name(nn_type type);

#endif
