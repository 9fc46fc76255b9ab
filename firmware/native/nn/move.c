// SPDX-License-Identifier: Apache-2.0
// PAD, PADV2, TRANSPOSE, SLICE and STRIDED_SLICE: one box of elements from here to there.
#include "small.h" // first, for the functions in the others

#include "axes.h"
#include "moves.h"
#include "registry.h"
#include "schema.h"

// What all of these operators begin with.
typedef struct {
    nn_info input, output;
    int32_t from[NN_MAX_RANK], to[NN_MAX_RANK]; // strides of the two
    nn_box box;
} moving;

static bool begin(nn_build *build, moving *own) {
    memset(&own->box, 0, sizeof own->box);
    if (!nn_read_input(build, 0, &own->input) || !nn_read_output(build, &own->output)) {
        return false;
    }
    nn_dense_strides(&own->input, own->from);
    nn_dense_strides(&own->output, own->to);
    return own->input.type == own->output.type || nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_TYPES);
}

static bool need_same_rank(nn_build *build, const moving *own) {
    return own->input.rank == own->output.rank || nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_NUMBERS_DIMENSIONS);
}

// Adds the move; `fill`: what the rest of the output is filled with.
static bool end(nn_build *build, const moving *own, const uint8_t *fill) {
    nn_moves *moves;
    if (!nn_begin_moves(build, &own->input, &moves)) {
        return false;
    }
    if (moves != NULL && fill != NULL) {
        moves->fill = own->output.count;
        moves->output = own->output.index;
        memcpy(moves->value, fill, moves->element);
    }
    return nn_add_move(build, moves, &own->input, &own->output, &own->box);
}

// Places the input inside the output.
static bool add_padding(nn_build *build, moving *own, const uint8_t *fill) {
    nn_info padding;
    if (own->input.rank == 0 || own->input.rank != own->output.rank) {
        return nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_NUMBERS_DIMENSIONS);
    }
    if (!nn_read_integers(build, 1, 2u * own->input.rank, &padding)) {
        return false;
    }
    for (uint32_t axis = 0; axis < own->input.rank; axis++) {
        int32_t before = nn_integer(&padding, 2 * axis), after = nn_integer(&padding, 2 * axis + 1);
        int32_t size = own->input.shape[axis];
        if (before < 0 || after < 0 || (int64_t)before + after + size != own->output.shape[axis]) {
            return nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_PADDING);
        }
        own->box.b += before * own->to[axis];
        nn_add_pair(&own->box, size, own->from[axis], own->to[axis]);
    }
    return end(build, own, fill);
}

// PAD fills with the output's zero point, PADV2 with the third input.
static bool prepare_pad(nn_build *build) {
    moving own;
    nn_info value;
    if (!begin(build, &own)) {
        return false;
    }
    if (build->node->kind->builtin == BUILTIN_PAD) {
        if (own.output.zero_point != 0 && nn_element_bytes(own.output.type) != 1) {
            return nn_refuse(build, NN_WHY_PADDING_WIDE_INTEGERS_ZERO_POINT);
        }
        const uint8_t zero[8] = {(uint8_t)own.output.zero_point};
        return add_padding(build, &own, zero);
    }
    if (!nn_read_constant(build, 2, &value)) {
        return false;
    }
    if (value.constant == NULL || value.count != 1) {
        return nn_refuse(build, NN_WHY_VALUE_FILL_NOT_ONE_CONSTANT);
    }
    return nn_need_same_kind(build, &value, &own.output) && add_padding(build, &own, value.constant);
}

static bool prepare_transpose(nn_build *build) {
    moving own;
    nn_info order;
    uint32_t seen = 0;
    if (!begin(build, &own) || !nn_read_integers(build, 1, own.input.rank, &order) || !need_same_rank(build, &own)) {
        return false;
    }
    for (uint32_t i = 0; i < own.input.rank; i++) {
        uint32_t axis = (uint32_t)nn_integer(&order, i);
        if (axis >= own.input.rank || (seen & (1u << axis))) {
            return nn_refuse(build, NN_WHY_AXES_NOT_PERMUTATION);
        }
        if (own.output.shape[i] != own.input.shape[axis]) {
            return nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_PERMUTATION);
        }
        seen |= 1u << axis;
        nn_add_pair(&own.box, own.output.shape[i], own.from[axis], own.to[i]);
    }
    return end(build, &own, NULL);
}

static bool prepare_slice(nn_build *build) {
    moving own;
    nn_info starts, sizes;
    if (!begin(build, &own) || !nn_read_integers(build, 1, own.input.rank, &starts) ||
        !nn_read_integers(build, 2, own.input.rank, &sizes) || !need_same_rank(build, &own)) {
        return false;
    }
    for (uint32_t axis = 0; axis < own.input.rank; axis++) {
        int32_t first = nn_integer(&starts, axis), count = nn_integer(&sizes, axis), size = own.input.shape[axis];
        if (first < 0 || first >= size || count < -1 || count > size - first) {
            return nn_refuse(build, NN_WHY_SLICE_REACHES_OUTSIDE_TENSOR);
        }
        if (own.output.shape[axis] != (count == -1 ? size - first : count)) {
            return nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_SLICE);
        }
        own.box.a += first * own.from[axis];
        nn_add_pair(&own.box, own.output.shape[axis], own.from[axis], own.to[axis]);
    }
    return end(build, &own, NULL);
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
    moving own;
    ranges all;
    int32_t first, count;
    uint32_t kept = 0;
    if (!begin(build, &own) || !read_ranges(build, own.input.rank, &all)) {
        return false;
    }
    for (uint32_t axis = 0; axis < own.input.rank; axis++) {
        const range part = range_of(&all, axis);
        if (!resolve(&part, own.input.shape[axis], &first, &count)) {
            return nn_refuse(build, NN_WHY_SLICE_WITHOUT_ELEMENTS);
        }
        own.box.a += first * own.from[axis];
        if (part.shrink) {
            continue;
        }
        if (kept == own.output.rank || own.output.shape[kept] != count) {
            return nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_SLICE);
        }
        nn_add_pair(&own.box, count, count > 1 ? own.from[axis] * part.stride : 0, own.to[kept++]);
    }
    return kept == own.output.rank ? end(build, &own, NULL) : nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_SLICE);
}

const nn_operator nn_pad = {BUILTIN_PAD, OPTIONS_PAD, 2, 2, "PAD", prepare_pad, nn_run_moves};
const nn_operator nn_padv2 = {BUILTIN_PADV2, OPTIONS_PADV2, 3, 3, "PADV2", prepare_pad, nn_run_moves};
const nn_operator nn_transpose = {BUILTIN_TRANSPOSE, OPTIONS_TRANSPOSE, 2,           2,
                                  "TRANSPOSE",       prepare_transpose, nn_run_moves};
const nn_operator nn_slice = {BUILTIN_SLICE, OPTIONS_SLICE, 3, 3, "SLICE", prepare_slice, nn_run_moves};
const nn_operator nn_strided_slice = {BUILTIN_STRIDED_SLICE, OPTIONS_STRIDED_SLICE, 4,           4,
                                      "STRIDED_SLICE",       prepare_strided_slice, nn_run_moves};
