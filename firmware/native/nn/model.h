// SPDX-License-Identifier: Apache-2.0
// The engine's own view of a loaded model, shared by loader, planner and kernels.
#ifndef MOTET_NN_MODEL_H
#define MOTET_NN_MODEL_H

#include "cancel.h"
#include "fb.h"
#include "nn.h"
#include "reasons.h"

#define NN_MAX_TENSORS      2048
#define NN_MAX_OPERATORS    1024
#define NN_MAX_TENSOR_BYTES 0xFFFFFFu  // so that a sum of all elements of an int8 tensor fits 32 bits
#define NN_MAX_BLOCK        0x4000000u // 64 MiB: of the tables, and of the activations
#define NN_NOT_USED         0xFFFFu
#define NN_MOST_READS       128u   // times the size of the file, that its operators may read constants while loading
#define NN_STEP_WORK        16384u // multiplications or element moves that make up one step, at most

typedef struct nn_operator nn_operator;
typedef struct nn_record nn_record; // packed.h
typedef struct nn_entry nn_entry;

// A tensor's place in time and memory. Time 0 is before the first operator, time i + 1 that of operator i.
typedef struct {
    uint32_t offset; // into the activations, or into the model file when constant
    uint32_t bytes;
    uint16_t tensor;
    uint16_t first; // when it is written, NN_NOT_USED for what is not an activation
    uint16_t last;  // when it is read last; outputs of the graph: after the last operator
    uint16_t root;  // tensor whose memory it shares: itself unless it is a reshaped view
    uint16_t order; // the planner's lists of places, not tied to this one: by time,
    uint16_t low;   // and of what is needed together, by offset
} nn_place;

typedef struct {
    const nn_operator *kind;
    void *params;
    uint32_t scratch_bytes;
    uint32_t scratch;
    uint32_t forward, backward; // see nn_overlap
    uint16_t input, output;     // tensors: the first of each, or those that the operator sets
    bool backwards;             // work from the last output to the first: the plan relies on it
} nn_node;

// Memory that keeps its content from one run to the next, in the tables; the bytes follow this head.
typedef struct nn_state {
    struct nn_state *next;
    uint32_t bytes;
    uint8_t fill; // of each byte, at first and after nn_reset
} nn_state;

struct nn_model {
    nn_fb file;
    nn_vector codes, buffers;
    union {
        nn_vector of_graph[4]; // by their fields in the file
        struct {
            nn_vector tensors, inputs, outputs, operators;
        };
    };
    nn_place *places; // sorted by tensor, highest first
    uint32_t place_count;
    nn_node *nodes;
    nn_state *states;
    nn_tensor *ports; // inputs, then outputs: kept, so that a file that changes under us cannot move them
    uint8_t *activations;
    uint32_t activation_bytes;
    nn_reason plan_note; // why the plan in the file is not used; NN_WHY_NOT: it is
    uint32_t steps;
    uint32_t steps_left;
};

// A tensor as the file describes it, checked.
typedef struct {
    uint16_t index;
    uint8_t type;
    uint8_t rank;
    int32_t shape[NN_MAX_RANK]; // each at least 1
    uint32_t count;             // of elements
    uint32_t bytes;
    const uint8_t *constant; // its value in the file, not aligned; NULL for an activation
    nn_vector scales;        // none, one, or one for each channel; the first is valid (scale.h)
    int32_t channel_axis;
    float scale; // the first scale, 0 when not quantised
    int32_t zero_point;
    bool variable; // keeps its value from run to run
} nn_info;

// An operator code that was looked up for a first input of this type.
#define NN_MOST_KNOWN 8u

typedef struct {
    const nn_operator *kind; // NULL: none
    uint32_t code;
    uint8_t type;
} nn_known;

// While a model is measured or loaded. Measuring runs the same code without memory.
typedef struct {
    nn_model *model;
    nn_error *error;
    uint8_t *memory; // NULL while measuring
    size_t room;
    size_t used;
    size_t places;       // bytes of them, at the end of the memory
    uint32_t reads_left; // bytes of constants and scales
    uint32_t index;      // of the operator being prepared
    int32_t builtin;     // its code, before its kind is known; -1: not known either
    nn_node *node;       // NULL: none is being prepared
    nn_node measured;    // while measuring: the only one
    nn_vector inputs;    // of that operator
    nn_vector outputs;
    nn_table options;
    nn_known known[NN_MOST_KNOWN];
    nn_info output;           // the one read last, which the next operator mostly reads; with the count 0: none
    bool fast;                // the shifts in its channel table are all to the right and small (nn_scale_fast)
    bool wrote;               // the operator being prepared has read its only output
    bool plain;               // the scales of the tensor being read do not matter
    uint32_t looked;          // inputs of that operator that are known to be constants, as bits
    nn_vector plan;           // see packed.h; empty when there is none to use
    const nn_record *records; // tensors and operators of the plan, or NULL: they are in the flatbuffer alone.
    const nn_entry *entries;
    const int32_t *channels; // of the operator being prepared: its table in the plan that holds, or NULL
    nn_vector custom;        // bytes of its options when it is no builtin operator
} nn_build;

// The name of a builtin operator; "" in a build without texts, where its number is enough.
#ifdef NN_WITHOUT_TEXTS
#define NN_NAME(name) ""
#else
#define NN_NAME(name) name
#endif

// One operator: `prepare` checks it against the file and takes its parameters from the tables, `run` executes it and
// returns false when the step budget ended or the run was cancelled.
struct nn_operator {
    uint8_t builtin;
    uint8_t options; // tag of its options union
    uint8_t inputs_least;
    uint8_t inputs_most;
    const char *name;
    bool (*prepare)(nn_build *build);
    bool (*run)(nn_model *model, const nn_node *node);
};

// Of operators that only give a tensor another shape.
bool nn_prepare_view(nn_build *build);

// Set the error, unless there is one already, and return false.
void nn_note_refusal(nn_build *build, nn_reason reason);
static inline bool nn_refuse(nn_build *build, nn_reason reason) {
    nn_note_refusal(build, reason);
    return false;
}
bool nn_set_error(nn_error *error, nn_reason reason);

// Options of the operator that is being prepared; the fallback (0 for the last) when the file leaves them at it.
int32_t nn_option_int(nn_build *build, unsigned field, int32_t fallback);
uint8_t nn_option_byte(nn_build *build, unsigned field, uint8_t fallback);
float nn_option_float(nn_build *build, unsigned field);

// Takes memory from the tables, zeroed. NULL while measuring (the caller then returns nn_measuring) or when it ran
// out.
void *nn_take(nn_build *build, size_t bytes);

// The same for the parameters of the operator.
void *nn_take_params(nn_build *build, size_t bytes);

// Takes memory for the parameters of the operator and copies them there. False: it ran out.
bool nn_keep(nn_build *build, const void *params, size_t bytes);

// The same for memory that lives from run to run. Comes back to `fill` in each byte with nn_reset.
void *nn_take_state(nn_build *build, uint32_t bytes, uint8_t fill);

// Makes room for one more place. False as NULL from nn_take.
bool nn_take_place(nn_build *build);

// Zeroes whole multiples of NN_ALIGN; the C library of a board may do so byte by byte.
void nn_clear(void *memory, size_t bytes);

static inline bool nn_measuring(const nn_build *build) {
    return build->memory == NULL;
}

// For operators whose output may overwrite inputs that nobody reads after them; called in `prepare`. Working forwards,
// from the first byte to the last, the operator needs (offset of the input) >= (offset of the output) + `forward`: what
// it still has to read lies behind all that it has written. An operator that can also work backwards (when its node
// says so) then needs (offset of the output) >= (offset of the input) + `backward`. NN_NEVER: it cannot. Holds for all
// of its inputs that are activations; both are multiples of NN_ALIGN.
#define NN_NEVER UINT32_MAX

static inline void nn_overlap(nn_build *build, uint32_t forward, uint32_t backward) {
    build->node->forward = forward;
    build->node->backward = backward;
}

// Where a tensor that the operator has read with nn_read_input or nn_read_output lies.
uint8_t *nn_data(const nn_model *model, uint16_t tensor);

// Called before each step of work; and before item `index` of work that has `items` of them in each step.
bool nn_step(nn_model *model);
bool nn_step_each(nn_model *model, uint32_t index, uint32_t items);

// How many items of `work` each make up a step; a multiple of four, so that kernels may take items in fours.
uint32_t nn_items_per_step(uint32_t work);

// Whether the operator's output is its first input with another shape.
static inline bool nn_is_view(const nn_operator *kind) {
    return kind->prepare == nn_prepare_view;
}

// The operator for a first input of that type.
const nn_operator *nn_find_operator(int32_t builtin, uint8_t type);
const nn_operator *nn_find_custom(const char *name, uint32_t length);
bool nn_plan(nn_build *build);
bool nn_read_ports(nn_build *build);

#endif
