// SPDX-License-Identifier: Apache-2.0
// Reads the tensors of the operator that is being prepared, and checks them.
#ifndef MOTET_NN_TENSOR_H
#define MOTET_NN_TENSOR_H

#include "fixed.h"
#include "model.h"

// Bytes of one element; 0 for a type that the engine does not have.
uint32_t nn_element_bytes(uint8_t type);

// Reads tensor `index` of the graph.
bool nn_read_tensor(nn_build *build, int32_t index, nn_info *info);

// Reads the operator's input `slot`. An optional input that is absent has count 0.
bool nn_read_input(nn_build *build, uint32_t slot, nn_info *info);
bool nn_read_optional(nn_build *build, uint32_t slot, nn_info *info);

// Reads a constant input that `run` does not look for with nn_data: it takes no memory.
bool nn_read_constant(nn_build *build, uint32_t slot, nn_info *info);
bool nn_read_optional_constant(nn_build *build, uint32_t slot, nn_info *info);

// Reads the operator's only output, or output `slot` of exactly `count`. Each operator must read all of its outputs.
bool nn_read_output(nn_build *build, nn_info *info);
bool nn_read_output_of(nn_build *build, uint32_t count, uint32_t slot, nn_info *info);

// Reads an input that must be a variable tensor. Only the operator that names it has it: it takes the memory for it
// with nn_take_state.
bool nn_read_variable(nn_build *build, uint32_t slot, nn_info *info);

// Checks that a tensor is int8 with one scale, and not constant unless allowed by the operator itself.
bool nn_need_int8(nn_build *build, const nn_info *info);
bool nn_both_int8(nn_build *build, const nn_info *a, const nn_info *b);
bool nn_same_shape(const nn_info *a, const nn_info *b);

// Reads the first input and the output of an operator that leaves the shape as it is.
bool nn_read_alike(nn_build *build, nn_info *input, nn_info *output);

bool nn_need_int16(nn_build *build, const nn_info *info); // with the zero point 0
bool nn_need_quantised(nn_build *build, const nn_info *info);

// Size of axis `axis` of a tensor seen as NHWC: missing leading axes count as 1. Rank at most 4.
int32_t nn_nhwc(const nn_info *info, int axis);

// A ratio of scales a * b / c that nn_rescale can apply.
bool nn_read_scale(nn_build *build, float a, float b, float c, nn_scale *scale);

// Range of a fused activation in the output's quantised units; `field` is its number in the options table.
bool nn_read_activation(nn_build *build, unsigned field, const nn_info *output, int32_t *low, int32_t *high);
bool nn_activation_range(nn_build *build, uint8_t activation, const nn_info *output, int32_t *low, int32_t *high);

// For operators that compute each element from the same element of their inputs, in their order.
void nn_overlap_elements(nn_build *build, const nn_info *input, const nn_info *output);

// Places (places.c): each function notes what the next operator or the graph does with a tensor.
#define NN_NOT_PLACED UINT32_MAX

nn_place *nn_find_place(const nn_model *model, uint32_t tensor); // NULL: none
bool nn_note_written(nn_build *build, const nn_info *info);      // twice by one operator is once
bool nn_note_constant(nn_build *build, const nn_info *info);
bool nn_note_variable(nn_build *build, const nn_info *info);
bool nn_note_operator(nn_build *build); // after its `prepare`: what it did not look at
bool nn_note_inputs(nn_build *build);   // of the graph
bool nn_note_outputs(nn_build *build);

#endif
