// SPDX-License-Identifier: Apache-2.0
#include "registry.h"

static const nn_operator *const operators[] = {
    &nn_add,  &nn_average_pool, &nn_conv,     &nn_depthwise_conv, &nn_fully_connected, &nn_max_pool,
    &nn_mean, &nn_pad,          &nn_quantize, &nn_reshape,        &nn_softmax,         &nn_transpose,
};

const nn_operator *nn_find_operator(int32_t builtin) {
    for (unsigned i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (operators[i]->builtin == builtin) {
            return operators[i];
        }
    }
    return NULL;
}
