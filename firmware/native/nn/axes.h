// SPDX-License-Identifier: Apache-2.0
// Walking over some axes of a tensor, the last one fastest.
#ifndef MOTET_NN_AXES_H
#define MOTET_NN_AXES_H

#include "tensor.h"

typedef struct {
    uint32_t rank;
    int32_t shape[NN_MAX_RANK];
    int32_t stride[NN_MAX_RANK]; // in elements
} nn_axes;

typedef struct {
    int32_t index[NN_MAX_RANK];
    int32_t offset;
} nn_walk;

static inline void nn_add_axis(nn_axes *axes, int32_t size, int32_t stride) {
    axes->shape[axes->rank] = size;
    axes->stride[axes->rank] = stride;
    axes->rank++;
}

// Of a reduction (reduce.c): reads the axes in the second input and checks that the output has the shape that they
// leave.
bool nn_read_reduction(nn_build *build, const nn_info *input, const nn_info *output, nn_axes *kept, nn_axes *reduced);

// Distance between neighbours along each axis of a dense tensor.
static inline void nn_dense_strides(const nn_info *info, int32_t stride[NN_MAX_RANK]) {
    int32_t distance = 1;
    for (int axis = info->rank - 1; axis >= 0; axis--) {
        stride[axis] = distance;
        distance *= info->shape[axis];
    }
}

static inline uint32_t nn_axes_count(const nn_axes *axes) {
    uint32_t count = 1;
    for (uint32_t i = 0; i < axes->rank; i++) {
        count *= (uint32_t)axes->shape[i];
    }
    return count;
}

static inline void nn_walk_on(const nn_axes *axes, nn_walk *walk) {
    for (uint32_t axis = axes->rank; axis-- > 0;) {
        walk->offset += axes->stride[axis];
        if (++walk->index[axis] < axes->shape[axis]) {
            return;
        }
        walk->offset -= axes->stride[axis] * axes->shape[axis];
        walk->index[axis] = 0;
    }
}

#endif
