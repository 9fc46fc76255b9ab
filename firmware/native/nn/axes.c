// SPDX-License-Identifier: Apache-2.0
#include "axes.h"

void nn_dense_strides(const nn_info *info, int32_t stride[NN_MAX_RANK]) {
    int32_t distance = 1;
    for (int axis = info->rank - 1; axis >= 0; axis--) {
        stride[axis] = distance;
        distance *= info->shape[axis];
    }
}

uint32_t nn_axes_count(const nn_axes *axes) {
    uint32_t count = 1;
    for (uint32_t i = 0; i < axes->rank; i++) {
        count *= (uint32_t)axes->shape[i];
    }
    return count;
}

void nn_walk_on(const nn_axes *axes, nn_walk *walk) {
    for (uint32_t axis = axes->rank; axis-- > 0;) {
        walk->offset += axes->stride[axis];
        if (++walk->index[axis] < axes->shape[axis]) {
            return;
        }
        walk->offset -= axes->stride[axis] * axes->shape[axis];
        walk->index[axis] = 0;
    }
}
