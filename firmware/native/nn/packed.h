// SPDX-License-Identifier: Apache-2.0
// What a packer leaves in a model file so that loading it is quick and needs little memory: what the graph is, without
// the flatbuffer's references; where each activation lies; and the fixed-point factors of layers that are quantised by
// channel.
//
// It is the model's metadata entry with the name "motet.plan": its buffer lies at a multiple of 16 in the file. The
// file stays an ordinary model; other engines ignore the entry. All numbers are little endian and unsigned, but for
// those marked with i. Positions count bytes from the start of the file; 0 stands for what is absent.
//
//      0  4 bytes   "MPLN"
//      4  u16       version: 2
//      6  u16       0
//      8  u32       bytes of the plan: at most the length of the buffer
//     12  u32       T, the number of tensors of the graph
//     16  u32       N, the number of operators of the graph
//     20  u32       bytes of the activations, a multiple of 8; the loader adds what operators need while they run
//     24  u32       position of the plan
//     28  u32       bytes of the file
//     32            T tensors, nn_record, each of 16 bytes
//   then            N operators, nn_entry, each of 20 bytes
//   then            the channel tables
//
// A tool that writes the file anew moves what it holds: the position of the plan or the size of the file then tell that
// the plan is of another file. What is in the plan is said in the rest of the file once more, for other engines; this
// one then takes it from the plan alone.
//
// A channel table belongs to an operator with int8 weights that have more than one scale (CONV_2D, DEPTHWISE_CONV_2D,
// FULLY_CONNECTED). With R scales:
//
//      0  i32[R]    multiplier, 2^30 to 2^31 - 1, or 0
//   4 R   i8[R]     shift, -31 to 30
//
// as QuantizeMultiplier of input scale * scale of the channel / output scale, the three as doubles: multiplier *
// 2^(shift - 31); (0, 0) when that is below 2^-32. nn_scale_ratio in scale.h is the same with integers.
//
// Which tensors may share memory: two tensors share none if one is needed while the other is. A tensor is needed from
// the operator that writes it (an input of the graph: from operator 0) to the last operator that reads it (an output
// of the graph: to the end), both included; a view and its source are one tensor. The exception: an operator may write
// over its input when it is the last to read it, as far as the order of its work allows. It then works forwards and
// needs (offset of input) >= (offset of output) + forward, or it works backwards and needs (offset of output) >=
// (offset of input) + backward; plan.c has the numbers of each operator, nn_overlap in model.h says how it gives them.
//
// A plan is trusted no more than the rest of the file. Tensors and operators go through the checks that those of a file
// without a plan go through, and a model whose plan does not pass them is refused. All offsets are checked, and places
// found anew when they cannot hold. Of a channel table the loader checks the first factor and all shifts: multipliers
// decide over results, as scales do. A plan of another version or of another file leaves the model as good as
// unpacked; nn_plan_note says why.
#ifndef MOTET_NN_PACKED_H
#define MOTET_NN_PACKED_H

#include "model.h"

#define NN_PLAN_NAME        "motet.plan"
#define NN_PLAN_VERSION     2
#define NN_PLAN_HEAD        32u
#define NN_PLAN_MOST_OTHERS 64u // metadata entries that are looked at

// A build with NN_WITHOUT_UNPACKED takes only models whose plan it can use: it has neither a reader of tensors and
// operators that are in the flatbuffer alone, nor a planner.
#ifdef NN_WITHOUT_UNPACKED
#define NN_READS_UNPACKED false
#else
#define NN_READS_UNPACKED true
#endif

// A tensor as the file has it; nothing in it is checked.
struct nn_record {
    uint32_t shape;  // position of the sizes of its dimensions, each i32
    uint32_t place;  // constant: position of its value. Others: offset in the activations, a multiple of 8; a view has
                     // that of its source, and what is not there (variable tensors, unused tensors) 0xFFFFFFFF
    uint32_t scales; // position of its scales, float32
    int16_t zero_point; // i
    uint8_t type;       // nn_type, and flags: see below
    uint8_t rank;       // and, in the high four bits, the axis of the channels when there are scales for each
};

enum {
    NN_RECORD_LOW = 0x0F, // for the type, and for the rank
    NN_RECORD_CONSTANT = 0x10,
    NN_RECORD_VARIABLE = 0x20,
    NN_RECORD_CHANNELS = 0x40 // a scale for each channel: otherwise one, or none
};

// An operator as the file has it; nothing in it is checked.
struct nn_entry {
    uint16_t code; // index of its operator code
    uint8_t input_count, output_count;
    uint32_t inputs;  // position of the first of its inputs: indexes of tensors, each i32
    uint32_t outputs; // the same
    uint32_t options; // position of its table of options
    uint32_t extra; // its channel table, a multiple of 4 from the start of the plan; of a custom operator the position
                    // of the vector of its options
};

// Looks for the plan and checks its head. Without a plan that can be used, build->records is NULL and the model has a
// note of the reason.
void nn_find_plan(nn_build *build, const nn_table *root);

// Channel table of the operator that is being prepared, with `count` multipliers and shifts. NULL: it has none.
const int32_t *nn_planned_channels(const nn_build *build, uint32_t count);

#endif
