// SPDX-License-Identifier: Apache-2.0
#include "moves.h"
#include "axes.h"

typedef struct {
    int32_t a, b; // where the box begins
    uint16_t from, to;
    uint32_t rank;
    nn_pair_axis axis[];
} move;

typedef struct {
    const uint8_t *from;
    uint8_t *to;
    uint32_t element;
} copy;

// As nn_take rounds them: the list lies in one piece.
static size_t rounded(size_t bytes) {
    return (bytes + NN_ALIGN - 1) & ~(size_t)(NN_ALIGN - 1);
}

static size_t move_bytes(uint32_t rank) {
    return rounded(sizeof(move) + rank * sizeof(nn_pair_axis));
}

bool nn_begin_moves(nn_build *build, const nn_info *info, nn_moves **moves) {
    *moves = nn_take_params(build, sizeof **moves);
    if (*moves == NULL) {
        return nn_measuring(build);
    }
    (*moves)->element = (uint8_t)nn_element_bytes(info->type);
    return true;
}

void nn_begin_part(nn_part *own) {
    memset(&own->box, 0, sizeof own->box);
    own->axes = 0;
    own->inner = own->part.count;
    nn_dense_strides(&own->whole, own->distance);
}

bool nn_part_axis(nn_part *own, uint32_t axis, int32_t first, int32_t step, int32_t count) {
    own->box.a += first * own->distance[axis];
    if (own->axes == own->part.rank || own->part.shape[own->axes] != count) {
        return false;
    }
    own->axes++;
    own->inner /= (uint32_t)count;
    nn_add_pair(&own->box, count, count > 1 ? step * own->distance[axis] : 0, (int32_t)own->inner);
    return true;
}

bool nn_add_part(nn_build *build, nn_moves *moves, nn_part *own, bool into, nn_reason why) {
    if (own->axes != own->part.rank) {
        return nn_refuse(build, why);
    }
    if (into) {
        nn_swap_box(&own->box);
    }
    const nn_box *box = &own->box;
    move *added = nn_take(build, move_bytes(box->rank));
    if (added == NULL) {
        return nn_measuring(build);
    }
    added->a = box->a;
    added->b = box->b;
    added->from = into ? own->part.index : own->whole.index;
    added->to = into ? own->whole.index : own->part.index;
    added->rank = box->rank;
    memcpy(added->axis, box->axis, box->rank * sizeof *added->axis);
    moves->count++;
    return true;
}

static void fill_row(const void *context, const nn_stretch *at) {
    const copy *own = context;
    uint8_t *to = own->to + at->done * own->element;
    if (own->element == 1) {
        memset(to, own->from[0], at->count);
        return;
    }
    for (uint32_t i = 0; i < at->count; i++, to += own->element) {
        memcpy(to, own->from, own->element);
    }
}

static void move_row(const void *context, const nn_stretch *at) {
    const copy *own = context;
    int32_t element = (int32_t)own->element;
    const uint8_t *from = own->from + at->a * element;
    uint8_t *to = own->to + at->b * element;
    if (at->step_a == 1 && at->step_b == 1) {
        memcpy(to, from, at->count * own->element);
        return;
    }
    for (uint32_t i = 0; i < at->count; i++, from += at->step_a * element, to += at->step_b * element) {
        if (element == 1) {
            *to = *from;
        } else {
            memcpy(to, from, own->element);
        }
    }
}

bool nn_run_moves(nn_model *model, const nn_node *node) {
    const nn_moves *moves = node->params;
    if (moves->fill) {
        const copy own = {moves->value, nn_data(model, moves->output), moves->element};
        const nn_pair_axis all = {(int32_t)moves->fill, 0, 0};
        if (!nn_run_rows(model, &all, 1, fill_row, &own)) {
            return false;
        }
    }
    const uint8_t *at = (const uint8_t *)moves + rounded(sizeof *moves);
    for (uint32_t i = 0; i < moves->count; i++) {
        const move *each = (const void *)at;
        const copy own = {nn_data(model, each->from) + each->a * (int32_t)moves->element,
                          nn_data(model, each->to) + each->b * (int32_t)moves->element, moves->element};
        if (!nn_run_rows(model, each->axis, each->rank, move_row, &own)) {
            return false;
        }
        at += move_bytes(each->rank);
    }
    return true;
}

bool nn_need_same_kind(nn_build *build, const nn_info *a, const nn_info *b) {
    if (a->type != b->type) {
        return nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_TYPES);
    }
    if (a->scale != b->scale || a->zero_point != b->zero_point) {
        return nn_refuse(build, NN_WHY_INPUT_OUTPUT_DIFFERENT_SCALES_ZERO_POINTS);
    }
    return true;
}

bool nn_read_integers(nn_build *build, uint32_t slot, uint32_t count, nn_info *values) {
    if (!nn_read_constant(build, slot, values)) {
        return false;
    }
    if (values->constant == NULL || values->type != NN_INT32) {
        return nn_refuse(build, NN_WHY_POSITIONS_NOT_CONSTANT_INT32);
    }
    return values->count == count || nn_refuse(build, NN_WHY_POSITIONS_NOT_FIT_DIMENSIONS);
}

bool nn_read_axis(nn_build *build, int32_t value, uint32_t rank, uint32_t *axis) {
    if (value < -(int32_t)rank || value >= (int32_t)rank) {
        return nn_refuse(build, NN_WHY_AXIS_OUT_OF_RANGE);
    }
    *axis = (uint32_t)(value < 0 ? value + (int32_t)rank : value);
    return true;
}
