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
void nn_dense_strides(const nn_info *info, int32_t stride[NN_MAX_RANK]);

uint32_t nn_axes_count(const nn_axes *axes);
void nn_walk_on(const nn_axes *axes, nn_walk *walk);

#endif
