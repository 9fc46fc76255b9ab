// SPDX-License-Identifier: Apache-2.0
#include "registry.h"
#include "schema.h"

// A build that knows its models may name the only operators that it links: -DNN_OPERATORS=&nn_conv,&nn_reshape
#ifdef NN_OPERATORS

static const nn_operator *const operators[] = {NN_OPERATORS};
#define NN_WITHOUT_INT16
#define NN_WITHOUT_FLOAT
#define NN_WITHOUT_STATE
#define NN_WITHOUT_SIGNAL

#else

static const nn_operator *const operators[] = {
    &nn_add,
    &nn_arg_max,
    &nn_average_pool,
    &nn_concatenation,
    &nn_conv,
    &nn_depthwise_conv,
    &nn_dequantize,
    &nn_expand_dims,
    &nn_fully_connected,
    &nn_hard_swish,
    &nn_leaky_relu,
    &nn_logistic,
    &nn_max_pool,
    &nn_maximum,
    &nn_mean,
    &nn_minimum,
    &nn_mul,
    &nn_pack,
    &nn_pad,
    &nn_padv2,
    &nn_prelu,
    &nn_quantize,
    &nn_reduce_max,
    &nn_relu,
    &nn_relu6,
    &nn_relu_n1_to_1,
    &nn_reshape,
    &nn_resize_bilinear,
    &nn_resize_nearest,
    &nn_shape,
    &nn_slice,
    &nn_softmax,
    &nn_split,
    &nn_squeeze,
    &nn_strided_slice,
    &nn_sub,
    &nn_tanh,
    &nn_transpose,
    &nn_transpose_conv,
};

#endif

#define ANY_TYPE 0xFF

// Operators that a build may leave out; those for a first input of one type stand before the ones above.
static const struct {
    uint8_t type;
    const nn_operator *kind;
} of_type[] = {
// clang-format off
#ifndef NN_WITHOUT_INT16
    {NN_INT16, &nn_conv_int16},
    {NN_INT16, &nn_depthwise_conv_int16},
    {NN_INT16, &nn_fully_connected_int16},
    {NN_INT16, &nn_logistic_int16},
    {NN_INT16, &nn_softmax_int16},
    {NN_INT16, &nn_tanh_int16},
    {NN_INT16, &nn_add_int16},
    {NN_INT16, &nn_mul_int16},
    {NN_INT16, &nn_sub_int16},
#endif
#ifndef NN_WITHOUT_FLOAT
    {NN_FLOAT32, &nn_conv_float},
    {NN_FLOAT32, &nn_depthwise_conv_float},
    {NN_FLOAT32, &nn_fully_connected_float},
    {NN_FLOAT32, &nn_add_float},
    {NN_FLOAT32, &nn_average_pool_float},
    {NN_FLOAT32, &nn_logistic_float},
    {NN_FLOAT32, &nn_max_pool_float},
    {NN_FLOAT32, &nn_mean_float},
    {NN_FLOAT32, &nn_mul_float},
    {NN_FLOAT32, &nn_quantize_float},
    {NN_FLOAT32, &nn_relu_float},
    {NN_FLOAT32, &nn_relu6_float},
    {NN_FLOAT32, &nn_softmax_float},
    {NN_FLOAT32, &nn_sub_float},
#endif
#ifndef NN_WITHOUT_STATE
    {ANY_TYPE, &nn_lstm},
    {ANY_TYPE, &nn_svdf},
#endif
#ifndef NN_WITHOUT_SIGNAL
    {ANY_TYPE, &nn_cast},
    {ANY_TYPE, &nn_signal_auto_scale},
    {ANY_TYPE, &nn_signal_bank},
    {ANY_TYPE, &nn_signal_energy},
    {ANY_TYPE, &nn_signal_gain},
    {ANY_TYPE, &nn_signal_logarithm},
    {ANY_TYPE, &nn_signal_root},
    {ANY_TYPE, &nn_signal_spectrum},
    {ANY_TYPE, &nn_signal_subtraction},
    {ANY_TYPE, &nn_signal_window},
    {NN_INT32, &nn_add_int32},
    {NN_INT32, &nn_div_int32},
    {NN_INT32, &nn_maximum_int32},
    {NN_INT32, &nn_minimum_int32},
    {NN_INT32, &nn_mul_int32},
#endif
    {ANY_TYPE, NULL},
    // clang-format on
};

static const nn_operator *find_usual(int32_t builtin) {
    for (unsigned i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (operators[i]->builtin == builtin) {
            return operators[i];
        }
    }
    return NULL;
}

const nn_operator *nn_find_operator(int32_t builtin, uint8_t type) {
    const nn_operator *usual = find_usual(builtin);
    if (usual != NULL && type == NN_INT8) { // none of the others is for int8 where there is this one
        return usual;
    }
    for (unsigned i = 0; of_type[i].kind != NULL; i++) {
        if ((of_type[i].type == type || of_type[i].type == ANY_TYPE) && of_type[i].kind->builtin == builtin) {
            return of_type[i].kind;
        }
    }
    return usual;
}

const nn_operator *nn_find_custom(const char *name, uint32_t length) {
    for (unsigned i = 0; of_type[i].kind != NULL; i++) {
        const nn_operator *kind = of_type[i].kind;
        if (kind->builtin == BUILTIN_CUSTOM && strlen(kind->name) == length && memcmp(kind->name, name, length) == 0) {
            return kind;
        }
    }
    return NULL;
}
