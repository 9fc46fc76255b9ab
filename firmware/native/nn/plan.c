// SPDX-License-Identifier: Apache-2.0
// Where each tensor lies, so that tensors that never live together share memory, and outputs overwrite inputs where the
// operator allows it. Two orders are tried: largest first and last written first; each tensor takes the lowest place
// that is free.
#include "packed.h"
#include "tensor.h"

// Later tensors first: an operator's output is then placed before its input, which it may overwrite from below. Or,
// before that, larger ones first.
static bool before(const nn_place *a, const nn_place *b, bool by_size) {
    if (by_size && a->bytes != b->bytes) {
        return a->bytes > b->bytes;
    }
    return a->first != b->first ? a->first > b->first : a->tensor > b->tensor;
}

static bool is_root(const nn_place *place) {
    return place->first != NN_NOT_USED && place->root == place->tensor;
}

// Views keep the memory of their source alive.
static void extend_roots(nn_model *model) {
    for (uint32_t i = 0; i < model->place_count; i++) {
        const nn_place *view = &model->places[i];
        if (view->root != view->tensor) {
            nn_place *root = nn_find_place(model, view->root);
            root->last = view->last > root->last ? view->last : root->last;
        }
    }
}

// How far `low` must begin before `high` when both are needed at one time at least. They may overlap when the operator
// that writes one is the last to read the other; outputs of one operator may not, even when nobody reads one of them.
static uint32_t distance(const nn_model *model, const nn_place *low, const nn_place *high) {
    uint32_t gap = NN_NEVER;
    if (high->first < low->first && high->last == low->first) {
        gap = model->nodes[low->first - 1].forward;
    }
    if (low->first < high->first && low->last == high->first && model->nodes[high->first - 1].backward < gap) {
        gap = model->nodes[high->first - 1].backward;
    }
    return gap < low->bytes ? gap : low->bytes;
}

static bool live_together(const nn_place *a, const nn_place *b) {
    return a->first <= b->last && b->first <= a->last;
}

// Offsets stay below NN_MAX_BLOCK and bytes below 2^25, so that sums fit. Raises `offset` beyond those placed so far
// with which `place` would collide there.
static uint32_t raise(const nn_model *model, uint32_t placed, const nn_place *place, uint32_t offset) {
    for (uint32_t i = 0; i < placed; i++) {
        const nn_place *other = &model->places[model->places[i].low];
        if (other->offset >= offset + place->bytes) {
            break; // they are sorted by offset
        }
        if (live_together(place, other) && offset + distance(model, place, other) > other->offset) {
            uint32_t above = other->offset + distance(model, other, place);
            offset = above > offset ? above : offset;
        }
    }
    return offset;
}

static uint32_t lowest_free(const nn_model *model, uint32_t placed, const nn_place *place) {
    uint32_t offset = 0, raised;
    while ((raised = raise(model, placed, place, offset)) != offset) { // rarely more than twice
        offset = raised;
    }
    return offset;
}

// False: the activations would need more than NN_MAX_BLOCK.
static bool reserve(nn_model *model, uint32_t offset, uint32_t bytes) {
    if (offset > NN_MAX_BLOCK || offset + bytes > NN_MAX_BLOCK) {
        return false;
    }
    if (offset + bytes > model->activation_bytes) {
        model->activation_bytes = offset + bytes;
    }
    return true;
}

static nn_place *next(nn_model *model, bool by_size) {
    nn_place *best = NULL;
    for (uint32_t i = 0; i < model->place_count; i++) {
        nn_place *place = &model->places[i];
        if (is_root(place) && place->offset == NN_NOT_PLACED && (best == NULL || before(place, best, by_size))) {
            best = place;
        }
    }
    return best;
}

static void insert_by_offset(nn_model *model, uint32_t count, const nn_place *place) {
    uint32_t at = count;
    for (; at > 0 && model->places[model->places[at - 1].low].offset > place->offset; at--) {
        model->places[at].low = model->places[at - 1].low;
    }
    model->places[at].low = (uint16_t)(place - model->places);
}

// Places all tensors afresh.
static bool place_all(nn_model *model, bool by_size) {
    uint32_t placed = 0;
    nn_place *place;
    model->activation_bytes = 0;
    for (uint32_t i = 0; i < model->place_count; i++) {
        if (is_root(&model->places[i])) {
            model->places[i].offset = NN_NOT_PLACED;
        }
    }
    for (; (place = next(model, by_size)) != NULL; placed++) {
        place->offset = lowest_free(model, placed, place);
        if (!reserve(model, place->offset, place->bytes)) {
            return false;
        }
        insert_by_offset(model, placed, place);
    }
    return true;
}

// An operator works backwards when its output lies above its input, which it overwrites. Those that can have one input.
static void choose_direction(const nn_model *model, nn_node *node) {
    const nn_place *out = nn_find_place(model, node->output), *in = nn_find_place(model, node->input);
    if (in == NULL || in->first == NN_NOT_USED) {
        return;
    }
    in = nn_find_place(model, in->root);
    bool shared =
        in->last == out->first && in->offset < out->offset + out->bytes && out->offset < in->offset + in->bytes;
    node->backwards = shared && (uint64_t)in->offset < (uint64_t)out->offset + node->forward;
}

static void finish(nn_model *model) {
    for (uint32_t i = 0; i < model->place_count; i++) {
        nn_place *place = &model->places[i];
        if (place->root != place->tensor) {
            place->offset = nn_find_place(model, place->root)->offset;
        }
    }
    for (uint32_t i = 0; i < model->operators.count; i++) {
        if (model->nodes[i].backward != NN_NEVER) {
            choose_direction(model, &model->nodes[i]);
        }
    }
}

static bool apart(const nn_model *model, const nn_place *a, const nn_place *b) {
    return a->offset + distance(model, a, b) <= b->offset || b->offset + distance(model, b, a) <= a->offset;
}

static bool apart_from_all(const nn_model *model, uint32_t count, const nn_place *place) {
    for (uint32_t i = 0; i < count; i++) {
        if (!apart(model, place, &model->places[model->places[i].low])) {
            return false;
        }
    }
    return true;
}

// The lowest place for scratch, which nothing may overwrite: one pass over what is needed meanwhile, lowest first.
static uint32_t scratch_offset(const nn_model *model, uint32_t count, uint32_t bytes) {
    uint32_t offset = 0;
    for (uint32_t i = 0; i < count; i++) {
        const nn_place *other = &model->places[model->places[i].low];
        if (other->offset >= offset + bytes) {
            break;
        }
        uint32_t end = other->offset + other->bytes;
        offset = end > offset ? end : offset;
    }
    return offset;
}

static bool place_scratch(nn_model *model, nn_node *node, uint32_t count) {
    uint32_t bytes = (node->scratch_bytes + NN_ALIGN - 1) & ~(uint32_t)(NN_ALIGN - 1);
    if (bytes == 0) {
        return true;
    }
    node->scratch = scratch_offset(model, count, bytes);
    return reserve(model, node->scratch, bytes);
}

// Sorts the places by the time of their writing; mostly they are.
static uint32_t order_by_time(nn_model *model) {
    nn_place *places = model->places;
    uint32_t count = 0;
    for (uint32_t i = model->place_count; i-- > 0;) {
        if (is_root(&places[i])) {
            uint32_t at = count++;
            for (; at > 0 && places[places[at - 1].order].first > places[i].first; at--) {
                places[at].order = places[at - 1].order;
            }
            places[at].order = (uint16_t)i;
        }
    }
    return count;
}

// Leaves only those that are needed at time `now` or later.
static uint32_t drop_unneeded(nn_model *model, uint32_t count, uint32_t now) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t low = model->places[i].low;
        if (model->places[low].last >= now) {
            model->places[kept++].low = low;
        }
    }
    return kept;
}

// Goes through time with the places that are needed together. Checks the offsets of a plan and places the scratch.
static bool place_in_time(nn_model *model, bool check) {
    uint32_t roots = order_by_time(model), next = 0, count = 0;
    for (uint32_t now = 0; now <= model->operators.count; now++) {
        count = drop_unneeded(model, count, now);
        for (; next < roots && model->places[model->places[next].order].first == now; next++) {
            const nn_place *place = &model->places[model->places[next].order];
            if (check && !apart_from_all(model, count, place)) {
                return false;
            }
            insert_by_offset(model, count++, place);
        }
        if (now > 0 && !place_scratch(model, &model->nodes[now - 1], count)) {
            return false;
        }
    }
    return true;
}

static bool place_by(nn_model *model, bool by_size) {
    return place_all(model, by_size) && place_in_time(model, false);
}

static bool place_best(nn_model *model) {
    if (!place_by(model, true)) {
        return false;
    }
    uint32_t bytes = model->activation_bytes;
    return place_by(model, false) && (model->activation_bytes <= bytes || place_by(model, true));
}

// Takes the offsets of the plan in the file. False: they cannot hold.
static bool place_planned(nn_build *build) {
    nn_model *model = build->model;
    for (uint32_t i = 0; i < model->place_count; i++) {
        nn_place *place = &model->places[i];
        if (is_root(place)) {
            place->offset = build->records[place->tensor].place;
            if (place->offset % NN_ALIGN || !reserve(model, place->offset, place->bytes)) {
                return false;
            }
        }
    }
    return place_in_time(model, true);
}

bool nn_plan(nn_build *build) {
    nn_model *model = build->model;
    extend_roots(model);
    if (build->plan.count == 0 || !place_planned(build)) {
        if (build->plan.count > 0) {
            model->plan_note = NN_WHY_PLAN_OVERLAPS;
        }
        if (!NN_READS_UNPACKED) {
            return nn_refuse(build, NN_WHY_NO_PLAN_THAT_HOLDS);
        }
        if (!place_best(model)) {
            return nn_refuse(build, NN_WHY_ACTIVATIONS_NEED_MORE_64_MIB);
        }
    }
    finish(model);
    return true;
}

uint32_t nn_tensor_offset(const nn_model *model, uint32_t tensor) {
    const nn_place *place = nn_find_place(model, tensor);
    return place == NULL || place->first == NN_NOT_USED ? UINT32_MAX : place->offset;
}
