// SPDX-License-Identifier: Apache-2.0
// What a packer leaves in a model file so that loading it is quick and needs little memory: where each activation
// lies, and the fixed-point factors of layers that are quantised by channel.
//
// It is the model's metadata entry with the name "motet.plan": its buffer lies at a multiple of 16 in the file. The
// file stays an ordinary model; other engines ignore the entry. All numbers are little endian and unsigned, but for
// those marked with i. Positions count bytes from the start of the buffer.
//
//      0  4 bytes   "MPLN"
//      4  u16       version: 1
//      6  u16       0
//      8  u32       bytes of the plan: at most the length of the buffer
//     12  u32       T, the number of tensors of the graph
//     16  u32       N, the number of operators of the graph
//     20  u32       bytes of the activations, a multiple of 8; the loader adds what operators need while they run
//     24  u32       0
//     28  u32       0
//     32  u32[T]    offset of each tensor in the activations, a multiple of 8; 0xFFFFFFFF for those that are not
//                   there: constants, variable tensors, unused tensors. A view (RESHAPE and the like) of an activation
//                   has the offset of its source.
//   then  u32[N]    position of each operator's channel table, a multiple of 4; 0 when it has none
//   then            the channel tables
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
// A plan is never trusted with memory: the loader checks all places. Of a channel table it checks the first factor, and
// that the others are none that the arithmetic cannot take: they decide over results as the scales in the file do. A
// plan that does not hold, of another version or of another model leaves the model as good as unpacked; nn_plan_note
// says why.
#ifndef MOTET_NN_PACKED_H
#define MOTET_NN_PACKED_H

#include "dense.h"

#define NN_PLAN_NAME        "motet.plan"
#define NN_PLAN_VERSION     1
#define NN_PLAN_HEAD        32u
#define NN_PLAN_MOST_OTHERS 64u // metadata entries that are looked at

// Looks for the plan and checks its head. Without a plan that can be used, build->plan.count is 0 and the model has a
// note of the reason.
void nn_find_plan(nn_build *build);

// Offset that the plan gives a tensor.
uint32_t nn_planned_offset(const nn_build *build, uint32_t tensor);

// Channel table of the operator that is being prepared, with `count` multipliers and shifts. NULL: it has none.
const uint8_t *nn_planned_channels(const nn_build *build, uint32_t count);

// The same, and whether its content is what a table for these scales may hold.
bool nn_check_channels(nn_build *build, const nn_layer *layer);

#endif
