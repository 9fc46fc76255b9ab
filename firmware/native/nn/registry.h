// SPDX-License-Identifier: Apache-2.0
// The operators that a build links. A new operator needs its entry here and in registry.c, nothing else.
#ifndef MOTET_NN_REGISTRY_H
#define MOTET_NN_REGISTRY_H

#include "model.h"

extern const nn_operator nn_add;
extern const nn_operator nn_arg_max;
extern const nn_operator nn_average_pool;
extern const nn_operator nn_concatenation;
extern const nn_operator nn_conv;
extern const nn_operator nn_depthwise_conv;
extern const nn_operator nn_dequantize;
extern const nn_operator nn_expand_dims;
extern const nn_operator nn_fully_connected;
extern const nn_operator nn_hard_swish;
extern const nn_operator nn_leaky_relu;
extern const nn_operator nn_logistic;
extern const nn_operator nn_max_pool;
extern const nn_operator nn_maximum;
extern const nn_operator nn_mean;
extern const nn_operator nn_minimum;
extern const nn_operator nn_mul;
extern const nn_operator nn_pack;
extern const nn_operator nn_pad;
extern const nn_operator nn_padv2;
extern const nn_operator nn_prelu;
extern const nn_operator nn_quantize;
extern const nn_operator nn_reduce_max;
extern const nn_operator nn_relu6;
extern const nn_operator nn_relu;
extern const nn_operator nn_relu_n1_to_1;
extern const nn_operator nn_reshape;
extern const nn_operator nn_resize_bilinear;
extern const nn_operator nn_resize_nearest;
extern const nn_operator nn_shape;
extern const nn_operator nn_slice;
extern const nn_operator nn_softmax;
extern const nn_operator nn_split;
extern const nn_operator nn_squeeze;
extern const nn_operator nn_strided_slice;
extern const nn_operator nn_sub;
extern const nn_operator nn_tanh;
extern const nn_operator nn_transpose;
extern const nn_operator nn_transpose_conv;

// For int16 activations (left out with NN_WITHOUT_INT16).
extern const nn_operator nn_conv_int16;
extern const nn_operator nn_depthwise_conv_int16;
extern const nn_operator nn_fully_connected_int16;
extern const nn_operator nn_logistic_int16;
extern const nn_operator nn_softmax_int16;
extern const nn_operator nn_tanh_int16;
extern const nn_operator nn_add_int16;
extern const nn_operator nn_mul_int16;
extern const nn_operator nn_sub_int16;

// For float32 (left out with NN_WITHOUT_FLOAT).
extern const nn_operator nn_conv_float;
extern const nn_operator nn_depthwise_conv_float;
extern const nn_operator nn_fully_connected_float;
extern const nn_operator nn_add_float;
extern const nn_operator nn_average_pool_float;
extern const nn_operator nn_logistic_float;
extern const nn_operator nn_max_pool_float;
extern const nn_operator nn_mean_float;
extern const nn_operator nn_mul_float;
extern const nn_operator nn_quantize_float;
extern const nn_operator nn_relu_float;
extern const nn_operator nn_relu6_float;
extern const nn_operator nn_softmax_float;
extern const nn_operator nn_sub_float;

// With state from run to run (left out with NN_WITHOUT_STATE).
extern const nn_operator nn_lstm;
extern const nn_operator nn_svdf;

// Of signals and of int32 (left out with NN_WITHOUT_SIGNAL).
extern const nn_operator nn_cast;
extern const nn_operator nn_signal_auto_scale;
extern const nn_operator nn_signal_bank;
extern const nn_operator nn_signal_energy;
extern const nn_operator nn_signal_gain;
extern const nn_operator nn_signal_logarithm;
extern const nn_operator nn_signal_root;
extern const nn_operator nn_signal_spectrum;
extern const nn_operator nn_signal_subtraction;
extern const nn_operator nn_signal_window;
extern const nn_operator nn_add_int32;
extern const nn_operator nn_div_int32;
extern const nn_operator nn_maximum_int32;
extern const nn_operator nn_minimum_int32;
extern const nn_operator nn_mul_int32;

#endif
