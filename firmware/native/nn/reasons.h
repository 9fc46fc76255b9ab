// SPDX-License-Identifier: Apache-2.0
// Why models and plans are refused: each reason has a code, which is nn_error.code, a status and a text. A build with
// -DNN_WITHOUT_TEXTS keeps the codes and gives the status as the text; the texts are then those of this list.
#ifndef MOTET_NN_REASONS_H
#define MOTET_NN_REASONS_H

// In the order of nn_status.
// clang-format off
#define NN_REASONS_MALFORMED(X) \
    X(ACTIVATION_WITHOUT_SCALE, "activation without a scale") \
    X(AXES_NOT_PERMUTATION, "axes are not a permutation") \
    X(AXIS_OUT_OF_RANGE, "axis out of range") \
    X(BETA_NOT_POSITIVE_NUMBER, "beta is not a positive number") \
    X(BETA_TIMES_INPUT_SCALE_TOO_LARGE, "beta times the input's scale is too large") \
    X(BETA_TIMES_INPUT_SCALE_TOO_SMALL, "beta times the input's scale is too small") \
    X(BIAS_NOT_ONE_VALUE_CHANNEL, "bias does not have one value for each channel") \
    X(BIAS_NOT_CONSTANT_INT32_VALUE_UNIT, "bias that is not constant int32 with a value for each unit") \
    X(BIAS_NOT_FLOAT32, "bias that is not float32") \
    X(BOTH_ALIGNED_CORNERS_HALF_PIXELS, "both aligned corners and half pixels") \
    X(BUFFER_SHORTER_THAN_TENSOR, "buffer is shorter than its tensor") \
    X(CELL_STATE_NOT_INT16_VALUE_UNIT, "cell state that is not int16 with a value for each unit") \
    X(CHANNEL_OUTSIDE_SPECTRUM, "channel that reaches outside the spectrum or the weights") \
    X(CONSTANT_TENSOR_WRITTEN, "constant tensor is written") \
    X(COUNT_SCALES_NOT_COUNT_CHANNELS, "count of scales is not the count of channels") \
    X(COUNTS_SCALES_ZERO_POINTS_DIFFER, "counts of scales and zero points differ") \
    X(DEPTH_MULTIPLIER_NOT_FIT_CHANNELS, "depth multiplier does not fit the channels") \
    X(FILE_CHANGES_WHILE_READ, "file changes while it is read") \
    X(FILE_TRUNCATED_ROOT_TABLE_DAMAGED, "file is truncated or its root table is damaged") \
    X(GRAPH_REACHES_OUTSIDE_FILE, "graph reaches outside the file") \
    X(GRAPH_MORE_INPUTS_OUTPUTS_TENSORS, "graph with more inputs or outputs than tensors") \
    X(GRAPH_WITHOUT_INPUTS_OUTPUTS_OPERATORS, "graph without inputs, outputs or operators") \
    X(INPUT_OUTPUT_NOT_IMAGES_SAME_BATCH, "input and output are not images of the same batch") \
    X(INPUT_OUTPUT_NOT_SERIES_SAME_LENGTH, "input and output are not series of the same length") \
    X(INPUT_OUTPUT_DIFFERENT_CHANNELS, "input and output have different channels") \
    X(INPUT_OUTPUT_DIFFERENT_COUNTS_ELEMENTS, "input and output have different counts of elements") \
    X(INPUT_OUTPUT_DIFFERENT_SHAPES, "input and output have different shapes") \
    X(INPUT_OUTPUT_DIFFERENT_TYPES, "input and output have different types") \
    X(INPUT_NOT_FIT_CHANNELS, "input does not fit the channels") \
    X(TENSORS_NOT_FIT_TRANSFORM, "input or output does not fit the length of the transform") \
    X(INPUT_WEIGHTS_NO_MATRIX, "input or weights that are no matrix") \
    X(INPUT_WITHOUT_DIMENSIONS, "input without dimensions") \
    X(PARTS_NOT_FILL_WHOLE, "inputs or outputs do not fill the whole") \
    X(PARTS_NOT_FIT_WHOLE, "inputs or outputs do not fit the whole along the axis") \
    X(INT16_ACTIVATION_ZERO_POINT, "int16 activation with a zero point") \
    X(KERNEL_SIZE_OUT_OF_RANGE, "kernel size outside 1 to 65535") \
    X(NAME_TENSOR_REACHES_OUTSIDE_FILE, "name of a tensor reaches outside the file") \
    X(NOISE_GAINS_NOT_FIT_CHANNELS, "noise or gains do not fit the channels") \
    X(NOT_TENSORFLOW_LITE_MODEL, "not a TensorFlow Lite model") \
    X(OPTION_OUT_OF_RANGE, "number out of range in the options") \
    X(OPERATOR_CODE_NOT_EXIST, "operator code does not exist") \
    X(OPERATOR_CODE_REACHES_OUTSIDE_FILE, "operator code reaches outside the file") \
    X(OPERATOR_REACHES_OUTSIDE_FILE, "operator reaches outside the file") \
    X(OPTIONS_ANOTHER_OPERATOR, "options of another operator") \
    X(OPTIONS_REACH_OUTSIDE_FILE, "options reach outside the file") \
    X(OPTION_MISSING, "options without a number that the operator needs") \
    X(OUTPUT_NOT_ONE_VALUE_PAIR, "output does not have one element for each pair of the input") \
    X(OUTPUT_NOT_ONE_VALUE_DIMENSION, "output does not have one value for each dimension") \
    X(OUTPUT_GRAPH_CONSTANT, "output of the graph is a constant") \
    X(OUTPUT_WEIGHTS_NOT_FIT_CHANNELS, "output or weights do not fit the channels") \
    X(OUTPUT_SHAPE_NOT_AXES, "output shape does not follow from the axes") \
    X(OUTPUT_SHAPE_NOT_INPUT_SHAPE, "output shape does not follow from the input shape") \
    X(OUTPUT_SHAPE_NOT_INPUT_SHAPES, "output shape does not follow from the input shapes") \
    X(OUTPUT_SHAPE_NOT_PADDING, "output shape does not follow from the padding") \
    X(OUTPUT_SHAPE_NOT_PERMUTATION, "output shape does not follow from the permutation") \
    X(OUTPUT_SHAPE_NOT_SIZE, "output shape does not follow from the size") \
    X(OUTPUT_SHAPE_NOT_SLICE, "output shape does not follow from the slice") \
    X(OUTPUT_SCALE_NOT_1_32768, "output whose scale is not 1/32768") \
    X(OUTPUT_ZERO_POINT_NOT_SMALLEST, "output whose zero point is not its smallest value") \
    X(OUTPUT_WITH_ANOTHER_ZERO_POINT, "output with another zero point than the operator's") \
    X(PADDING_NEITHER_SAME_NOR_VALID, "padding is neither SAME nor VALID") \
    X(RANK_NOT_DIVIDE_FILTERS, "rank does not divide the filters") \
    X(RATIO_SCALES_NO_NORMAL_NUMBER, "ratio of scales is no normal number") \
    X(RATIO_SCALES_TOO_LARGE, "ratio of scales is too large") \
    X(RATIO_OF_SCALES_OUT_OF_RANGE, "ratio of scales out of range") \
    X(SCALE_NOT_POSITIVE_FINITE_NUMBER, "scale is not a positive finite number") \
    X(SCALE_TOO_LARGE_TOO_SMALL, "scale too large or too small") \
    X(SECOND_INPUT_NOT_ONE_NUMBER, "second input that is not one number") \
    X(SECOND_OUTPUT_NOT_ONE_NUMBER, "second output that is not one number") \
    X(SHAPE_WEIGHTS_NOT_FIT_INPUT_STATE, "shape of weights does not fit input and state") \
    X(POSITIONS_NOT_FIT_DIMENSIONS, "shape, axes or positions do not fit the number of dimensions") \
    X(SHAPES_NOT_FIT_OTHER, "shapes do not fit each other") \
    X(SLICE_REACHES_OUTSIDE_TENSOR, "slice reaches outside its tensor") \
    X(SLICE_WITHOUT_ELEMENTS, "slice without elements") \
    X(SLOPE_NEITHER_ZERO_NOR_POSITIVE_NUMBER, "slope is neither zero nor a positive number") \
    X(STATE_NOT_ONE_VALUE_UNIT, "state that does not have a value for each unit") \
    X(STATE_NOT_VARIABLE, "state that is not a variable tensor without a value") \
    X(STRIDE_DILATION_BELOW_1, "stride or dilation below 1") \
    X(TABLE_NOT_CHANNELS_PLUS_1, "table that does not have one value more than channels") \
    X(DIMENSION_BELOW_1, "tensor has a dimension below 1") \
    X(TENSOR_INDEX_OUT_OF_RANGE, "tensor index out of range") \
    X(TENSOR_READ_BEFORE_WRITTEN, "tensor is read before it is written") \
    X(TENSOR_WRITTEN_TWICE, "tensor is written twice") \
    X(TENSOR_NAMES_BUFFER_NOT_EXIST, "tensor names a buffer that does not exist") \
    X(TENSOR_REACHES_OUTSIDE_FILE, "tensor reaches outside the file") \
    X(VARIABLE_TENSOR_WRITTEN, "variable tensor is written") \
    X(WEIGHTS_NOT_FIT_INPUT_OUTPUT, "weights do not fit input and output") \
    X(WEIGHTS_NOT_FIT_CHANNELS, "weights do not fit the channels") \
    X(WEIGHTS_NOT_FIT_CHANNELS_INPUT_OUTPUT, "weights do not fit the channels of input and output") \
    X(WEIGHTS_NOT_FIT_OUTPUT_CHANNELS, "weights do not fit the output's channels") \
    X(WEIGHTS_WITHOUT_SCALE_ZERO_POINT, "weights without a scale or with a zero point") \
    X(WINDOW_NOT_FIT_INPUT, "window that does not fit the input") \
    X(WRONG_NUMBER_INPUTS, "wrong number of inputs") \
    X(WRONG_NUMBER_OUTPUTS, "wrong number of outputs") \
    X(ZERO_POINT_OUTSIDE_RANGE_TYPE, "zero point outside the range of its type")

#define NN_REASONS_UNSUPPORTED(X) \
    X(ACTIVATION_OTHER_TANH, "activation other than TANH") \
    X(ACTIVATION_QUANTISED_CHANNEL, "activation quantised by channel") \
    X(ACTIVATION_NOT_INT16, "activation that is not int16") \
    X(ACTIVATION_NOT_INT8, "activation that is not int8") \
    X(AXES_NOT_CONSTANT_INT32, "axes that are not constant int32") \
    X(BIAS_NOT_CONSTANT, "bias that is not constant") \
    X(BIAS_NOT_CONSTANT_INT32, "bias that is not constant int32") \
    X(BIAS_NOT_INT64, "bias that is not int64") \
    X(CAST_OF_OTHER_TYPES, "cast other than from integers of up to 32 bits, to these or to float32") \
    X(CELL_SCALE_NO_POWER_OF_TWO, "cell state whose scale is no power of two from 2^-27 to 1") \
    X(CHANNELS_DIFFERENT_ZERO_POINTS, "channels with different zero points") \
    X(CUSTOM_QUANTISATION, "custom quantisation") \
    X(DIAGONAL_RECURRENT_WEIGHTS, "diagonal recurrent weights") \
    X(FUSED_ACTIVATION, "fused activation") \
    X(FUSED_ACTIVATION_INT32, "fused activation of int32") \
    X(FUSED_ACTIVATION_NOT_RELU, "fused activation other than RELU, RELU6 and RELU_N1_TO_1") \
    X(INPUT_OUTPUT_DIFFERENT_SCALES_ZERO_POINTS, "input and output have different scales or zero points") \
    X(INPUT_ANOTHER_TYPE, "input of another type") \
    X(INPUT_CONSTANT, "input that is constant") \
    X(INT32_TOGETHER_OTHER_TYPES, "int32 together with other types") \
    X(TRANSFORM_LENGTH_NO_POWER_OF_TWO, "length of the transform that is no power of two from 8 to 1024") \
    X(MORE_ONE_SUBGRAPH, "more than one subgraph") \
    X(NO_PLAN_THAT_HOLDS, "no plan that holds, in a build for packed models alone") \
    X(OPERATOR_UNSUPPORTED, "operator is not supported") \
    X(DEQUANTIZE_OF_OTHER_TYPES, "other than from 8 or 16 bits to float32") \
    X(OUTPUT_ANOTHER_TYPE, "output of another type") \
    X(OUTPUT_NEITHER_INT8_NOR_INT16, "output that is neither int8 nor int16") \
    X(OUTPUT_NOT_INT32, "output that is not int32") \
    X(PADDING_WIDE_INTEGERS_ZERO_POINT, "padding of wide integers with a zero point") \
    X(PEEPHOLES_PROJECTION_LAYER_NORMALISATION, "peepholes, projection or layer normalisation") \
    X(QUANTISATION_FLOAT32, "quantisation from or to float32") \
    X(SCHEMA_VERSION_OTHER_3, "schema version other than 3") \
    X(POSITIONS_NOT_CONSTANT_INT32, "shape, axis or position that is not constant int32") \
    X(SHUFFLED_WEIGHTS, "shuffled weights") \
    X(SLICE_WITH_ELLIPSIS_OR_NEW_AXIS, "slice with an ellipsis, a new axis or an end that is an offset") \
    X(SPARSE_TENSOR, "sparse tensor") \
    X(SUMS_COULD_OVERFLOW, "sums that could overflow") \
    X(SUMS_COULD_OVERFLOW_32_BITS, "sums that could overflow 32 bits") \
    X(TABLE_NOT_CONSTANT_INT16, "table that is not constant int16") \
    X(TENSOR_DATA_OUTSIDE_FLATBUFFER, "tensor data outside the flatbuffer") \
    X(TENSOR_MORE_6_DIMENSIONS, "tensor has more than 6 dimensions") \
    X(TENSOR_TYPE_UNSUPPORTED, "tensor of a type that is not supported") \
    X(TRANSFORM_TYPE_OTHER_INT16, "transform of a type other than int16") \
    X(SVDF_OF_OTHER_TYPES, "types other than int8 weights, int32 bias, and int8 or int16 state and time") \
    X(VALUE_FILL_NOT_ONE_CONSTANT, "value to fill with is not one constant") \
    X(VARIABLE_TENSOR_TWO_OPERATORS, "variable tensor of two operators") \
    X(VARIABLE_TENSOR_NOT_STATE_OPERATOR, "variable tensor that is not the state of its operator") \
    X(WEIGHTS_BIAS_NOT_CONSTANT, "weights or bias that are not constant") \
    X(WEIGHTS_QUANTISED_ALONG_ANOTHER_AXIS, "weights quantised along another axis than the output channels") \
    X(WEIGHTS_NOT_CONSTANT_INT8, "weights that are not constant int8") \
    X(WEIGHTS_NOT_CONSTANT_INT8_AROUND_ZERO, "weights that are not constant int8 around zero") \
    X(WEIGHTS_NOT_CONSTANT_ANOTHER_TYPE, "weights that are not constant or of another type") \
    X(WEIGHTS_ZERO_POINT, "weights with a zero point")

#define NN_REASONS_TOO_LARGE(X) \
    X(ACTIVATIONS_NEED_MORE_64_MIB, "activations need more than 64 MiB") \
    X(FILE_MORE_1_GIB, "file has more than 1 GiB") \
    X(IMAGE_SIDE_ABOVE_32767, "image with a side above 32767") \
    X(MEAN_MORE_8_MILLION_ELEMENTS, "mean of more than 8 million elements") \
    X(MORE_2048_TENSORS_1024_OPERATORS, "more than 2048 tensors or 1024 operators") \
    X(MORE_4095_CLASSES, "more than 4095 classes") \
    X(MORE_65535_CLASSES, "more than 65535 classes") \
    X(CONSTANTS_READ_TOO_OFTEN, "operators read the same constants too often") \
    X(STRIDE_DILATION_ABOVE_255, "stride or dilation above 255") \
    X(SUMS_TOO_LARGE, "sums that could overflow 32 bits") \
    X(TABLES_NEED_MORE_64_MIB, "tables need more than 64 MiB") \
    X(TENSOR_OF_16_MIB, "tensor has 16 MiB or more")

#define NN_REASONS_NO_MEMORY(X) \
    X(BLOCK_TABLES_NOT_ALIGNED_8_BYTES, "the block for the tables is not aligned to 8 bytes") \
    X(TABLES_NOT_FIT_BLOCK, "the tables do not fit their block") \
    X(ACTIVATIONS_BLOCK_TOO_SMALL, "the block for the activations is too small") \
    X(ACTIVATIONS_BLOCK_NOT_ALIGNED, "the block for the activations is not aligned to 8 bytes") \
    X(NO_ACTIVATIONS, "no block for the activations")

#define NN_REASONS_CANCELLED(X) \
    X(CANCELLED, "cancelled")

#define NN_REASONS_OUT_OF_STEPS(X) \
    X(OUT_OF_STEPS, "out of steps")

// Why the plan in a file is not used.
#define NN_NOTES(X) \
    X(PLAN_DAMAGED, "the plan in the file is damaged") \
    X(PLAN_OF_ANOTHER_VERSION, "the plan in the file is of another version") \
    X(PLAN_OF_ANOTHER_MODEL, "the plan in the file is of another model") \
    X(PLAN_NOT_ALIGNED, "the plan in the file is not aligned") \
    X(METADATA_DAMAGED, "the metadata of the file are damaged") \
    X(NO_PLAN, "the file has no plan") \
    X(PLAN_WITH_OTHER_FACTORS, "the plan in the file has factors that are not the model's") \
    X(PLAN_OVERLAPS, "the plan in the file lets tensors overwrite each other")
// clang-format on

#define NN_REASONS(X)                                                                                                  \
    NN_REASONS_MALFORMED(X)                                                                                            \
    NN_REASONS_UNSUPPORTED(X)                                                                                          \
    NN_REASONS_TOO_LARGE(X) NN_REASONS_NO_MEMORY(X) NN_REASONS_CANCELLED(X) NN_REASONS_OUT_OF_STEPS(X) NN_NOTES(X)

#define NN_REASON_CODE(name, text) NN_WHY_##name,
typedef enum { NN_WHY_NOT, NN_REASONS(NN_REASON_CODE) } nn_reason;
#undef NN_REASON_CODE

// Its text, or that of its status in a build without texts; "" for NN_WHY_NOT.
const char *nn_reason_text(nn_reason reason);

#endif
