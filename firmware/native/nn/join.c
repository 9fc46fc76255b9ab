// SPDX-License-Identifier: Apache-2.0
// CONCATENATION, PACK and SPLIT: tensors side by side along one axis, put together or taken apart.
#include "small.h" // first, for the functions in the others

#include "axes.h"
#include "moves.h"
#include "registry.h"
#include "schema.h"

#define MOST_PARTS 64 // inputs or outputs of one operator

// The part of `whole` that begins at `at` along `axis`, with the elements of `part` in their order. `gone`: the part
// does not have this axis.
static nn_box part_of(const nn_info *whole, const nn_info *part, uint32_t axis, int32_t at, bool gone) {
    int32_t own[NN_MAX_RANK] = {0}, of_whole[NN_MAX_RANK] = {0};
    nn_box box = {0};
    nn_dense_strides(part, own);
    nn_dense_strides(whole, of_whole);
    box.b = at * of_whole[axis];
    for (uint32_t i = 0; i < part->rank; i++) {
        nn_add_pair(&box, part->shape[i], own[i], of_whole[gone && i >= axis ? i + 1 : i]);
    }
    return box;
}

// Whether `part` has the shape of `whole` apart from `axis`, which it may lack.
static bool fits(const nn_info *whole, const nn_info *part, uint32_t axis, bool gone) {
    if (part->rank + gone != whole->rank) {
        return false;
    }
    for (uint32_t i = 0; i < part->rank; i++) {
        if ((gone || i != axis) && part->shape[i] != whole->shape[gone && i >= axis ? i + 1 : i]) {
            return false;
        }
    }
    return true;
}

// Puts all inputs side by side; with `gone`, each has one position along an axis that only the output has.
static bool join(nn_build *build, int32_t wanted_axis, bool gone) {
    nn_info part, output;
    nn_moves *moves;
    uint32_t axis;
    int32_t at = 0;
    if (!nn_read_output(build, &output)) {
        return false;
    }
    if (output.rank == 0) {
        return nn_refuse(build, NN_WHY_OUTPUT_WITHOUT_DIMENSIONS);
    }
    if (!nn_read_axis(build, wanted_axis, output.rank, &axis) || !nn_begin_moves(build, &output, &moves)) {
        return false;
    }
    for (uint32_t i = 0; i < build->inputs.count; i++) {
        if (!nn_read_input(build, i, &part) || !nn_need_same_kind(build, &part, &output)) {
            return false;
        }
        int32_t size = gone ? 1 : part.shape[axis];
        if (!fits(&output, &part, axis, gone) || size > output.shape[axis] - at) {
            return nn_refuse(build, NN_WHY_INPUT_NOT_FIT_OUTPUT);
        }
        const nn_box box = part_of(&output, &part, axis, at, gone);
        if (!nn_add_move(build, moves, &part, &output, &box)) {
            return false;
        }
        at += size;
    }
    return at == output.shape[axis] || nn_refuse(build, NN_WHY_INPUTS_NOT_FILL_OUTPUT);
}

static bool prepare_concatenation(nn_build *build) {
    if (nn_option_byte(build, CONCATENATION_ACTIVATION, ACTIVATION_NONE) != ACTIVATION_NONE) {
        return nn_refuse(build, NN_WHY_FUSED_ACTIVATION);
    }
    return join(build, nn_option_int(build, CONCATENATION_AXIS, 0), false);
}

static bool prepare_pack(nn_build *build) {
    return join(build, nn_option_int(build, PACK_AXIS, 0), true);
}

// Inputs: the axis, the whole. All parts have the same size.
static bool prepare_split(nn_build *build) {
    nn_info whole, axes, part;
    nn_moves *moves;
    uint32_t axis, parts = build->outputs.count;
    if (!nn_read_integers(build, 0, 1, &axes) || !nn_read_input(build, 1, &whole)) {
        return false;
    }
    if (whole.rank == 0 || parts == 0 || parts > MOST_PARTS) {
        return nn_refuse(build, NN_WHY_INPUT_CANNOT_SPLIT_INTO_OUTPUTS);
    }
    if (!nn_read_axis(build, nn_integer(&axes, 0), whole.rank, &axis) || !nn_begin_moves(build, &whole, &moves)) {
        return false;
    }
    int32_t size = whole.shape[axis] / (int32_t)parts;
    for (uint32_t i = 0; i < parts; i++) {
        if (!nn_read_output_of(build, parts, i, &part) || !nn_need_same_kind(build, &whole, &part)) {
            return false;
        }
        if (!fits(&whole, &part, axis, false) || part.shape[axis] != size ||
            size * (int32_t)parts != whole.shape[axis]) {
            return nn_refuse(build, NN_WHY_INPUT_CANNOT_SPLIT_INTO_OUTPUTS);
        }
        nn_box box = part_of(&whole, &part, axis, (int32_t)i * size, false);
        nn_swap_box(&box);
        if (!nn_add_move(build, moves, &whole, &part, &box)) {
            return false;
        }
    }
    return true;
}

const nn_operator nn_concatenation = {BUILTIN_CONCATENATION, OPTIONS_CONCATENATION, 1,           MOST_PARTS,
                                      "CONCATENATION",       prepare_concatenation, nn_run_moves};
const nn_operator nn_pack = {BUILTIN_PACK, OPTIONS_PACK, 1, MOST_PARTS, "PACK", prepare_pack, nn_run_moves};
const nn_operator nn_split = {BUILTIN_SPLIT, OPTIONS_SPLIT, 2, 2, "SPLIT", prepare_split, nn_run_moves};
