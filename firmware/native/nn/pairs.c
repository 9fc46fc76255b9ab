// SPDX-License-Identifier: Apache-2.0
#include "pairs.h"

void nn_add_pair(nn_box *box, int32_t size, int32_t a, int32_t b) {
    if (size == 1) {
        return;
    }
    if (box->rank > 0) {
        nn_pair_axis *outer = &box->axis[box->rank - 1];
        if (outer->a == size * a && outer->b == size * b) {
            outer->size *= size;
            outer->a = a;
            outer->b = b;
            return;
        }
    }
    const nn_pair_axis axis = {size, a, b};
    box->axis[box->rank++] = axis;
}

// To the next row. False: there is none.
static bool next_row(const nn_pair_axis *axes, uint32_t outer, int32_t *index, nn_stretch *row) {
    while (outer-- > 0) {
        const nn_pair_axis *axis = &axes[outer];
        row->a += axis->a;
        row->b += axis->b;
        if (++index[outer] < axis->size) {
            return true;
        }
        row->a -= axis->a * axis->size;
        row->b -= axis->b * axis->size;
        index[outer] = 0;
    }
    return false;
}

bool nn_run_rows(nn_model *model, const nn_pair_axis *axes, uint32_t rank, nn_row row, const void *context) {
    static const nn_pair_axis single = {1, 1, 1};
    const nn_pair_axis *inner = rank ? &axes[rank - 1] : &single;
    int32_t index[NN_MAX_RANK] = {0};
    nn_stretch stretch = {0, 0, inner->a, inner->b, 0, 0};
    uint32_t room = 0; // work left in this step
    do {
        nn_stretch part = stretch;
        for (uint32_t left = (uint32_t)inner->size; left > 0; left -= part.count) {
            if (room == 0 && !nn_step(model)) {
                return false;
            }
            room = room ? room : NN_STEP_WORK;
            part.count = left < room ? left : room;
            row(context, &part);
            room -= part.count;
            part.done += part.count;
            part.a += (int32_t)part.count * inner->a;
            part.b += (int32_t)part.count * inner->b;
        }
        stretch.done = part.done;
    } while (rank && next_row(axes, rank - 1, index, &stretch));
    return true;
}
