// SPDX-License-Identifier: Apache-2.0
// A tensor as the file describes it, checked.
#ifndef MOTET_NN_TENSOR_H
#define MOTET_NN_TENSOR_H

#include "fixed.h"
#include "model.h"

typedef struct {
    uint16_t index;
    uint8_t type;
    uint8_t rank;
    int32_t shape[NN_MAX_RANK]; // each at least 1
    uint32_t count;             // of elements
    uint32_t bytes;
    const uint8_t *constant; // its value in the file, not aligned; NULL for an activation
    nn_vector scales;        // none, one, or one for each channel; each is valid (scale.h)
    int32_t channel_axis;
    float scale; // the first scale, 0 when not quantised
    int32_t zero_point;
} nn_info;

// Reads tensor `index` of the graph.
bool nn_read_tensor(nn_build *build, int32_t index, nn_info *info);

// Reads the operator's input or output `slot`. An optional input that is absent has count 0.
bool nn_read_input(nn_build *build, uint32_t slot, nn_info *info);
bool nn_read_optional(nn_build *build, uint32_t slot, nn_info *info);
bool nn_read_output(nn_build *build, nn_info *info);

// Checks that a tensor is int8 with one scale, and not constant unless allowed by the operator itself.
bool nn_need_int8(nn_build *build, const nn_info *info);
bool nn_need_quantised(nn_build *build, const nn_info *info);

// Size of axis `axis` of a tensor seen as NHWC: missing leading axes count as 1. Rank at most 4.
int32_t nn_nhwc(const nn_info *info, int axis);

// A ratio of scales a * b / c that nn_rescale can apply.
bool nn_read_scale(nn_build *build, float a, float b, float c, nn_scale *scale);

// Range of a fused activation in the output's quantised units; `field` is its number in the options table.
bool nn_read_activation(nn_build *build, unsigned field, const nn_info *output, int32_t *low, int32_t *high);

static inline uint32_t nn_element_bytes(uint8_t type) {
    return type == NN_INT8 || type == NN_UINT8 ? 1 : type == NN_INT16 ? 2 : 4;
}

#endif
