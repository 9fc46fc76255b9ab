// SPDX-License-Identifier: Apache-2.0
// PAD, PADV2, TRANSPOSE, SLICE and STRIDED_SLICE: the output is a part of the input, or the input one of the output.
#include "small.h" // first, for the functions in the others

#include "moves.h"
#include "registry.h"
#include "schema.h"

// Reads input and output.
static bool begin(nn_build *build, nn_info *input, nn_info *output) {
    return nn_read_input(build, 0, input) && nn_read_output(build, output) &&
           (input->type == output->type || nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_TYPES));
}

// The output is a part of the input.
static bool begin_part(nn_build *build, nn_part *own) {
    if (!begin(build, &own->whole, &own->part)) {
        return false;
    }
    nn_begin_part(own);
    return true;
}

// Adds the move; `fill`: what the rest of the output is filled with.
static bool end(nn_build *build, nn_part *own, const uint8_t *fill, nn_reason why) {
    nn_moves *moves;
    if (!nn_begin_moves(build, &own->part, &moves)) {
        return false;
    }
    if (moves != NULL && fill != NULL) {
        moves->fill = own->whole.count;
        moves->output = own->whole.index;
        memcpy(moves->value, fill, moves->element);
    }
    return nn_add_part(build, moves, own, fill != NULL, why);
}

static bool add_padding(nn_build *build, nn_part *own, const uint8_t *fill) {
    nn_info padding;
    if (!nn_read_integers(build, 1, 2u * own->whole.rank, &padding)) {
        return false;
    }
    nn_begin_part(own);
    for (uint32_t axis = 0; axis < own->whole.rank; axis++) {
        int32_t before = nn_integer(&padding, 2 * axis), after = nn_integer(&padding, 2 * axis + 1);
        int32_t size = own->whole.shape[axis];
        if (before < 0 || after < 0 || before > size || after > size - before ||
            !nn_part_axis(own, axis, before, 1, size - before - after)) {
            return nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_PADDING);
        }
    }
    return end(build, own, fill, NN_WHY_OUTPUT_SHAPE_NOT_PADDING);
}

// PAD fills with the output's zero point, PADV2 with the third input.
static bool prepare_pad(nn_build *build) {
    nn_part own;
    nn_info value;
    if (!begin(build, &own.part, &own.whole)) {
        return false;
    }
    if (build->node->kind->builtin == BUILTIN_PAD) {
        if (own.whole.zero_point != 0 && nn_element_bytes(own.whole.type) != 1) {
            return nn_refuse(build, NN_WHY_PADDING_WIDE_INTEGERS_ZERO_POINT);
        }
        const uint8_t zero[8] = {(uint8_t)own.whole.zero_point};
        return add_padding(build, &own, zero);
    }
    if (!nn_read_constant(build, 2, &value)) {
        return false;
    }
    if (value.constant == NULL || value.count != 1) {
        return nn_refuse(build, NN_WHY_VALUE_FILL_NOT_ONE_CONSTANT);
    }
    return nn_need_same_kind(build, &value, &own.whole) && add_padding(build, &own, value.constant);
}

static bool prepare_transpose(nn_build *build) {
    nn_part own;
    nn_info order;
    uint32_t seen = 0;
    if (!begin_part(build, &own) || !nn_read_integers(build, 1, own.whole.rank, &order)) {
        return false;
    }
    for (uint32_t i = 0; i < own.whole.rank; i++) {
        uint32_t axis = (uint32_t)nn_integer(&order, i);
        if (axis >= own.whole.rank || (seen & (1u << axis))) {
            return nn_refuse(build, NN_WHY_AXES_NOT_PERMUTATION);
        }
        if (!nn_part_axis(&own, axis, 0, 1, own.whole.shape[axis])) {
            return nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_PERMUTATION);
        }
        seen |= 1u << axis;
    }
    return end(build, &own, NULL, NN_WHY_OUTPUT_SHAPE_NOT_PERMUTATION);
}

static bool prepare_slice(nn_build *build) {
    nn_part own;
    nn_info starts, sizes;
    if (!begin_part(build, &own) || !nn_read_integers(build, 1, own.whole.rank, &starts) ||
        !nn_read_integers(build, 2, own.whole.rank, &sizes)) {
        return false;
    }
    for (uint32_t axis = 0; axis < own.whole.rank; axis++) {
        int32_t first = nn_integer(&starts, axis), count = nn_integer(&sizes, axis), size = own.whole.shape[axis];
        if (first < 0 || first >= size || count < -1 || count > size - first) {
            return nn_refuse(build, NN_WHY_SLICE_REACHES_OUTSIDE_TENSOR);
        }
        if (!nn_part_axis(&own, axis, first, 1, count == -1 ? size - first : count)) {
            return nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_SLICE);
        }
    }
    return end(build, &own, NULL, NN_WHY_OUTPUT_SHAPE_NOT_SLICE);
}

// Inputs: begin, end and stride of each axis. The masks have a bit for each: begin or end do not count; only one
// position, and the axis goes away.
typedef struct {
    nn_info begin, end, stride;
    uint32_t from_start, to_end, shrink;
} ranges;

static bool read_ranges(nn_build *build, uint32_t rank, ranges *own) {
    own->from_start = (uint32_t)nn_option_int(build, STRIDED_SLICE_BEGIN_MASK, 0);
    own->to_end = (uint32_t)nn_option_int(build, STRIDED_SLICE_END_MASK, 0);
    own->shrink = (uint32_t)nn_option_int(build, STRIDED_SLICE_SHRINK_MASK, 0);
    if (nn_option_int(build, STRIDED_SLICE_ELLIPSIS_MASK, 0) || nn_option_int(build, STRIDED_SLICE_NEW_AXIS_MASK, 0) ||
        nn_option_byte(build, STRIDED_SLICE_OFFSET, 0)) {
        return nn_refuse(build, NN_WHY_SLICE_WITH_ELLIPSIS_OR_NEW_AXIS);
    }
    return nn_read_integers(build, 1, rank, &own->begin) && nn_read_integers(build, 2, rank, &own->end) &&
           nn_read_integers(build, 3, rank, &own->stride);
}

// Position `axis` of a list along an axis of `size` elements; a negative one counts from the end. Backwards, -1 is
// before the first. `ignored`: as far as it goes, at the start or, with `far`, at the end.
static int32_t position(const nn_info *list, uint32_t axis, int32_t size, bool backwards, bool ignored, bool far) {
    int32_t at = nn_integer(list, axis), low = backwards ? -1 : 0, high = backwards ? size - 1 : size;
    if (ignored) {
        return far != backwards ? high : low;
    }
    return nn_clamp(at < 0 ? at + size : at, low, high);
}

// Takes the axis into the part unless it goes away.
static bool add_range(nn_build *build, nn_part *own, const ranges *all, uint32_t axis) {
    int32_t size = own->whole.shape[axis], stride = nn_integer(&all->stride, axis);
    bool backwards = stride < 0;
    int32_t first = position(&all->begin, axis, size, backwards, all->from_start >> axis & 1, false);
    int32_t end = position(&all->end, axis, size, backwards, all->to_end >> axis & 1, true);
    int32_t distance = backwards ? first - end : end - first;
    if (all->shrink >> axis & 1) {
        own->box.a += first * own->distance[axis];
        return (stride == 1 && first < size) || nn_refuse(build, NN_WHY_SLICE_WITHOUT_ELEMENTS);
    }
    if (distance <= 0 || stride == 0) {
        return nn_refuse(build, NN_WHY_SLICE_WITHOUT_ELEMENTS);
    }
    uint32_t step = backwards ? 0u - (uint32_t)stride : (uint32_t)stride;
    return nn_part_axis(own, axis, first, stride, (int32_t)((uint32_t)(distance - 1) / step) + 1) ||
           nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_SLICE);
}

static bool prepare_strided_slice(nn_build *build) {
    nn_part own;
    ranges all;
    if (!begin_part(build, &own) || !read_ranges(build, own.whole.rank, &all)) {
        return false;
    }
    for (uint32_t axis = 0; axis < own.whole.rank; axis++) {
        if (!add_range(build, &own, &all, axis)) {
            return false;
        }
    }
    return end(build, &own, NULL, NN_WHY_OUTPUT_SHAPE_NOT_SLICE);
}

const nn_operator nn_pad = {BUILTIN_PAD, OPTIONS_PAD, 2, 2, NN_NAME("PAD"), prepare_pad, nn_run_moves};
const nn_operator nn_padv2 = {BUILTIN_PADV2, OPTIONS_PADV2, 3, 3, NN_NAME("PADV2"), prepare_pad, nn_run_moves};
const nn_operator nn_transpose = {BUILTIN_TRANSPOSE,    OPTIONS_TRANSPOSE, 2,           2,
                                  NN_NAME("TRANSPOSE"), prepare_transpose, nn_run_moves};
const nn_operator nn_slice = {BUILTIN_SLICE, OPTIONS_SLICE, 3, 3, NN_NAME("SLICE"), prepare_slice, nn_run_moves};
const nn_operator nn_strided_slice = {BUILTIN_STRIDED_SLICE,    OPTIONS_STRIDED_SLICE, 4,           4,
                                      NN_NAME("STRIDED_SLICE"), prepare_strided_slice, nn_run_moves};
