// SPDX-License-Identifier: Apache-2.0
// PAD, PADV2, TRANSPOSE, SLICE and STRIDED_SLICE: one box of elements from here to there.
#include "small.h" // first, for the functions in the others

#include "axes.h"
#include "moves.h"
#include "registry.h"
#include "schema.h"

static bool read_both(nn_build *build, nn_info *input, nn_info *output) {
    if (!nn_read_input(build, 0, input) || !nn_read_output(build, output)) {
        return false;
    }
    return input->type == output->type || nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_TYPES);
}

static bool add_only_move(nn_build *build, const nn_info *input, const nn_info *output, const nn_box *box) {
    nn_moves *moves;
    return nn_begin_moves(build, input, &moves) && nn_add_move(build, moves, input, output, box);
}

// Places the input inside the output.
static bool read_padding(nn_build *build, const nn_info *input, const nn_info *output, nn_box *box) {
    nn_info padding;
    int32_t from[NN_MAX_RANK], to[NN_MAX_RANK];
    if (input->rank == 0 || input->rank != output->rank) {
        return nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_NUMBERS_DIMENSIONS);
    }
    if (!nn_read_integers(build, 1, 2u * input->rank, &padding)) {
        return false;
    }
    nn_dense_strides(input, from);
    nn_dense_strides(output, to);
    for (uint32_t axis = 0; axis < input->rank; axis++) {
        int32_t before = nn_integer(&padding, 2 * axis), after = nn_integer(&padding, 2 * axis + 1);
        if (before < 0 || after < 0 || (int64_t)before + after + input->shape[axis] != output->shape[axis]) {
            return nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_PADDING);
        }
        box->b += before * to[axis];
        nn_add_pair(box, input->shape[axis], from[axis], to[axis]);
    }
    return true;
}

static bool add_padding(nn_build *build, const nn_info *input, const nn_info *output, const uint8_t *value) {
    nn_box box = {0};
    nn_moves *moves;
    if (!read_padding(build, input, output, &box) || !nn_begin_moves(build, input, &moves)) {
        return false;
    }
    if (moves != NULL) {
        moves->fill = output->count;
        moves->output = output->index;
        memcpy(moves->value, value, moves->element);
    }
    return nn_add_move(build, moves, input, output, &box);
}

// Fills with the output's zero point.
static bool prepare_pad(nn_build *build) {
    nn_info input, output;
    if (!read_both(build, &input, &output)) {
        return false;
    }
    if (output.zero_point != 0 && nn_element_bytes(output.type) != 1) {
        return nn_refuse(build, NN_WHY_PADDING_WIDE_INTEGERS_ZERO_POINT);
    }
    const uint8_t value[8] = {(uint8_t)output.zero_point};
    return add_padding(build, &input, &output, value);
}

// Fills with the third input.
static bool prepare_padv2(nn_build *build) {
    nn_info input, output, value;
    if (!read_both(build, &input, &output) || !nn_read_constant(build, 2, &value)) {
        return false;
    }
    if (value.constant == NULL || value.count != 1) {
        return nn_refuse(build, NN_WHY_VALUE_FILL_NOT_ONE_CONSTANT);
    }
    return nn_need_same_kind(build, &value, &output) && add_padding(build, &input, &output, value.constant);
}

static bool prepare_transpose(nn_build *build) {
    nn_info input, output, order;
    int32_t from[NN_MAX_RANK], to[NN_MAX_RANK];
    nn_box box = {0};
    uint32_t seen = 0;
    if (!read_both(build, &input, &output) || !nn_read_integers(build, 1, input.rank, &order)) {
        return false;
    }
    if (input.rank != output.rank) {
        return nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_NUMBERS_DIMENSIONS);
    }
    nn_dense_strides(&input, from);
    nn_dense_strides(&output, to);
    for (uint32_t i = 0; i < input.rank; i++) {
        int32_t axis = nn_integer(&order, i);
        if (axis < 0 || axis >= input.rank || (seen & (1u << axis))) {
            return nn_refuse(build, NN_WHY_AXES_NOT_PERMUTATION);
        }
        if (output.shape[i] != input.shape[axis]) {
            return nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_PERMUTATION);
        }
        seen |= 1u << axis;
        nn_add_pair(&box, output.shape[i], from[axis], to[i]);
    }
    return add_only_move(build, &input, &output, &box);
}

static bool prepare_slice(nn_build *build) {
    nn_info input, output, begin, size;
    int32_t from[NN_MAX_RANK], to[NN_MAX_RANK];
    nn_box box = {0};
    if (!read_both(build, &input, &output) || !nn_read_integers(build, 1, input.rank, &begin) ||
        !nn_read_integers(build, 2, input.rank, &size)) {
        return false;
    }
    if (input.rank != output.rank) {
        return nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_NUMBERS_DIMENSIONS);
    }
    nn_dense_strides(&input, from);
    nn_dense_strides(&output, to);
    for (uint32_t axis = 0; axis < input.rank; axis++) {
        int32_t first = nn_integer(&begin, axis), count = nn_integer(&size, axis);
        if (first < 0 || first >= input.shape[axis] || count < -1 || count > input.shape[axis] - first) {
            return nn_refuse(build, NN_WHY_SLICE_REACHES_OUTSIDE_TENSOR);
        }
        if (output.shape[axis] != (count == -1 ? input.shape[axis] - first : count)) {
            return nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_SLICE);
        }
        box.a += first * from[axis];
        nn_add_pair(&box, output.shape[axis], from[axis], to[axis]);
    }
    return add_only_move(build, &input, &output, &box);
}

typedef struct {
    int32_t begin, end, stride; // positions as the file gives them
    bool from_start, to_end;    // when these two do not count
    bool shrink;                // one position, and the axis goes away
} range;

// Position along an axis of `size` elements; a negative one counts from the end. Backwards, -1 is before the first.
static int32_t position(int32_t at, int32_t size, bool backwards) {
    int64_t own = at < 0 ? (int64_t)at + size : at;
    int32_t low = backwards ? -1 : 0, high = backwards ? size - 1 : size;
    return own < low ? low : own > high ? high : (int32_t)own;
}

// First position and count of a range along an axis. False: it is empty or contradicts itself.
static bool resolve(const range *own, int32_t size, int32_t *first, int32_t *count) {
    bool backwards = own->stride < 0;
    *first = own->from_start ? (backwards ? size - 1 : 0) : position(own->begin, size, backwards);
    *count = 1;
    if (own->shrink) {
        return own->stride == 1 && *first < size;
    }
    int32_t end = own->to_end ? (backwards ? -1 : size) : position(own->end, size, backwards);
    int64_t distance = backwards ? (int64_t)*first - end : (int64_t)end - *first;
    int64_t step = backwards ? -(int64_t)own->stride : own->stride;
    if (distance <= 0 || step == 0) {
        return false;
    }
    *count = (int32_t)((distance + step - 1) / step);
    return true;
}

typedef struct {
    nn_info begin, end, strides;
    uint32_t begin_mask, end_mask, shrink_mask;
} ranges;

static uint32_t mask(nn_build *build, unsigned field) {
    return (uint32_t)nn_option_int(build, field, 0);
}

static bool read_ranges(nn_build *build, uint32_t rank, ranges *own) {
    own->begin_mask = mask(build, STRIDED_SLICE_BEGIN_MASK);
    own->end_mask = mask(build, STRIDED_SLICE_END_MASK);
    own->shrink_mask = mask(build, STRIDED_SLICE_SHRINK_MASK);
    if (mask(build, STRIDED_SLICE_ELLIPSIS_MASK) || mask(build, STRIDED_SLICE_NEW_AXIS_MASK) ||
        nn_option_byte(build, STRIDED_SLICE_OFFSET, 0)) {
        return nn_refuse(build, NN_WHY_SLICE_WITH_ELLIPSIS_OR_NEW_AXIS);
    }
    return nn_read_integers(build, 1, rank, &own->begin) && nn_read_integers(build, 2, rank, &own->end) &&
           nn_read_integers(build, 3, rank, &own->strides);
}

static range range_of(const ranges *own, uint32_t axis) {
    const range result = {
        nn_integer(&own->begin, axis), nn_integer(&own->end, axis), nn_integer(&own->strides, axis),
        own->begin_mask >> axis & 1,   own->end_mask >> axis & 1,   own->shrink_mask >> axis & 1,
    };
    return result;
}

static bool prepare_strided_slice(nn_build *build) {
    nn_info input, output;
    ranges all;
    int32_t from[NN_MAX_RANK], to[NN_MAX_RANK], first, count;
    nn_box box = {0};
    uint32_t kept = 0;
    if (!read_both(build, &input, &output) || !read_ranges(build, input.rank, &all)) {
        return false;
    }
    nn_dense_strides(&input, from);
    nn_dense_strides(&output, to);
    for (uint32_t axis = 0; axis < input.rank; axis++) {
        const range own = range_of(&all, axis);
        if (!resolve(&own, input.shape[axis], &first, &count)) {
            return nn_refuse(build, NN_WHY_SLICE_WITHOUT_ELEMENTS);
        }
        box.a += first * from[axis];
        if (own.shrink) {
            continue;
        }
        if (kept == output.rank || output.shape[kept] != count) {
            return nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_SLICE);
        }
        nn_add_pair(&box, count, count > 1 ? from[axis] * own.stride : 0, to[kept++]);
    }
    if (kept != output.rank) {
        return nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_SLICE);
    }
    return add_only_move(build, &input, &output, &box);
}

const nn_operator nn_pad = {BUILTIN_PAD, OPTIONS_PAD, 2, 2, "PAD", prepare_pad, nn_run_moves};
const nn_operator nn_padv2 = {BUILTIN_PADV2, OPTIONS_PADV2, 3, 3, "PADV2", prepare_padv2, nn_run_moves};
const nn_operator nn_transpose = {BUILTIN_TRANSPOSE, OPTIONS_TRANSPOSE, 2,           2,
                                  "TRANSPOSE",       prepare_transpose, nn_run_moves};
const nn_operator nn_slice = {BUILTIN_SLICE, OPTIONS_SLICE, 3, 3, "SLICE", prepare_slice, nn_run_moves};
const nn_operator nn_strided_slice = {BUILTIN_STRIDED_SLICE, OPTIONS_STRIDED_SLICE, 4,           4,
                                      "STRIDED_SLICE",       prepare_strided_slice, nn_run_moves};
