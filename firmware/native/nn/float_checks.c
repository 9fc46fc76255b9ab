// SPDX-License-Identifier: Apache-2.0
// Checks that float32 operators share.
#include "float32.h"
#include "schema.h"
#include <float.h>

bool nn_read_float_activation(nn_build *build, unsigned field, float *low, float *high) {
    uint8_t activation = nn_option_byte(build, field, ACTIVATION_NONE);
    *low = activation == ACTIVATION_NONE ? -FLT_MAX : activation == ACTIVATION_RELU_N1_TO_1 ? -1.0f : 0.0f;
    *high = activation == ACTIVATION_RELU6 ? 6.0f : activation == ACTIVATION_RELU_N1_TO_1 ? 1.0f : FLT_MAX;
    return activation <= ACTIVATION_RELU6 || nn_refuse(build, NN_WHY_FUSED_ACTIVATION_NOT_RELU);
}

bool nn_need_float(nn_build *build, const nn_info *input, const nn_info *output) {
    return (input->type == NN_FLOAT32 && output->type == NN_FLOAT32) ||
           nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_TYPES);
}
