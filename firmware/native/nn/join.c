// SPDX-License-Identifier: Apache-2.0
// CONCATENATION, PACK and SPLIT: tensors side by side along one axis, put together or taken apart.
#include "small.h" // first, for the functions in the others

#include "moves.h"
#include "registry.h"
#include "schema.h"

#define MOST_PARTS 64 // inputs or outputs of one operator

typedef struct {
    nn_part own;
    uint32_t parts, axis;
    bool together; // into the output, else out of the input
    bool gone;     // each part has one position along an axis that only the whole has
} joint;

static bool read_part(nn_build *build, joint *joint, uint32_t index) {
    nn_info *part = &joint->own.part;
    bool found =
        joint->together ? nn_read_input(build, index, part) : nn_read_output_of(build, joint->parts, index, part);
    return found && nn_need_same_kind(build, part, &joint->own.whole);
}

// The part that begins at `at`.
static bool add_part(nn_build *build, joint *joint, nn_moves *moves, int32_t at, int32_t size) {
    nn_part *own = &joint->own;
    const nn_reason why = NN_WHY_PARTS_NOT_FIT_WHOLE;
    nn_begin_part(own);
    for (uint32_t i = 0; i < own->whole.rank; i++) {
        const bool along = i == joint->axis;
        if (along && joint->gone) {
            own->box.a = at * own->distance[i];
        } else if (!nn_part_axis(own, i, along ? at : 0, 1, along ? size : own->whole.shape[i])) {
            return nn_refuse(build, why);
        }
    }
    return nn_add_part(build, moves, own, joint->together, why);
}

// The whole is there: all parts one after the other.
static bool join(nn_build *build, joint *joint, int32_t wanted_axis) {
    const nn_info *whole = &joint->own.whole;
    nn_moves *moves;
    int32_t at = 0;
    if (!nn_read_axis(build, wanted_axis, whole->rank, &joint->axis) || !nn_begin_moves(build, whole, &moves)) {
        return false;
    }
    const int32_t length = whole->shape[joint->axis];
    for (uint32_t i = 0; i < joint->parts; i++) {
        if (!read_part(build, joint, i)) {
            return false;
        }
        const int32_t size = joint->gone ? 1 : joint->own.part.shape[joint->axis];
        if (size > length - at || (!joint->together && size != length / (int32_t)joint->parts)) {
            return nn_refuse(build, NN_WHY_PARTS_NOT_FIT_WHOLE);
        }
        if (!add_part(build, joint, moves, at, size)) {
            return false;
        }
        at += size;
    }
    return at == length || nn_refuse(build, NN_WHY_PARTS_NOT_FILL_WHOLE);
}

static bool put_together(nn_build *build, unsigned axis_field, bool gone) {
    joint own;
    own.parts = build->inputs.count;
    own.together = true;
    own.gone = gone;
    return nn_read_output(build, &own.own.whole) && join(build, &own, nn_option_int(build, axis_field, 0));
}

static bool prepare_concatenation(nn_build *build) {
    if (nn_option_byte(build, CONCATENATION_ACTIVATION, ACTIVATION_NONE) != ACTIVATION_NONE) {
        return nn_refuse(build, NN_WHY_FUSED_ACTIVATION);
    }
    return put_together(build, CONCATENATION_AXIS, false);
}

static bool prepare_pack(nn_build *build) {
    return put_together(build, PACK_AXIS, true);
}

// Inputs: the axis, the whole. All parts have the same size.
static bool prepare_split(nn_build *build) {
    joint own;
    nn_info axis;
    own.parts = build->outputs.count;
    own.together = own.gone = false;
    if (own.parts == 0 || own.parts > MOST_PARTS) {
        return nn_refuse(build, NN_WHY_WRONG_NUMBER_OUTPUTS);
    }
    return nn_read_integers(build, 0, 1, &axis) && nn_read_input(build, 1, &own.own.whole) &&
           join(build, &own, nn_integer(&axis, 0));
}

const nn_operator nn_concatenation = {BUILTIN_CONCATENATION,    OPTIONS_CONCATENATION, 1,           MOST_PARTS,
                                      NN_NAME("CONCATENATION"), prepare_concatenation, nn_run_moves};
const nn_operator nn_pack = {BUILTIN_PACK, OPTIONS_PACK, 1, MOST_PARTS, NN_NAME("PACK"), prepare_pack, nn_run_moves};
const nn_operator nn_split = {BUILTIN_SPLIT, OPTIONS_SPLIT, 2, 2, NN_NAME("SPLIT"), prepare_split, nn_run_moves};
