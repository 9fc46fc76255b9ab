// SPDX-License-Identifier: Apache-2.0
// The operators that a build links. A new operator needs its entry here and in registry.c, nothing else.
#ifndef MOTET_NN_REGISTRY_H
#define MOTET_NN_REGISTRY_H

#include "model.h"

extern const nn_operator nn_add;
extern const nn_operator nn_average_pool;
extern const nn_operator nn_conv;
extern const nn_operator nn_depthwise_conv;
extern const nn_operator nn_fully_connected;
extern const nn_operator nn_max_pool;
extern const nn_operator nn_mean;
extern const nn_operator nn_pad;
extern const nn_operator nn_quantize;
extern const nn_operator nn_reshape;
extern const nn_operator nn_softmax;
extern const nn_operator nn_transpose;

#endif
