// SPDX-License-Identifier: Apache-2.0
// RESIZE_NEAREST_NEIGHBOR of any type, and RESIZE_BILINEAR of int8 in fixed point with 10 bits after the point.
#include "small.h" // first, for the functions in the others

#include "moves.h"
#include "registry.h"
#include "schema.h"

#define MOST_SIDE 32767
#define ONE       1024 // in fixed point

typedef struct {
    int32_t in, out;
    float ratio;   // NEAREST: input pixels for one output pixel
    int32_t scale; // BILINEAR: the same in fixed point
} side;

typedef struct {
    side y, x;
    uint32_t batches;
    int32_t depth; // bytes of a pixel
    uint32_t pixels_per_step;
    bool nearest, align_corners, half_pixels;
} resize;

__attribute__((noinline)) static void fill_side(side *own, int32_t in, int32_t out, bool align_corners) {
    const int32_t corners = align_corners && out > 1, by = out - corners;
    own->in = in;
    own->out = out;
    own->ratio = (float)(in - corners) / (float)by;
    own->scale = (ONE * (in - corners) + by / 2) / by;
}

static bool check(nn_build *build, const nn_info *input, const nn_info *output) {
    nn_info size;
    if (!nn_need_same_kind(build, input, output) || !nn_read_integers(build, 1, 2, &size)) {
        return false;
    }
    const int32_t *in = input->shape, *out = output->shape;
    if (input->rank != 4 || output->rank != 4 || in[0] != out[0] || in[3] != out[3] || nn_integer(&size, 0) != out[1] ||
        nn_integer(&size, 1) != out[2]) {
        return nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_SIZE);
    }
    return (in[1] | in[2] | out[1] | out[2]) <= MOST_SIDE || // which is all ones
           nn_refuse(build, NN_WHY_IMAGE_SIDE_ABOVE_32767);
}

static bool prepare(nn_build *build) {
    nn_info input, output;
    resize own;
    own.nearest = build->node->kind->builtin == BUILTIN_RESIZE_NEAREST_NEIGHBOR;
    const unsigned field = own.nearest ? RESIZE_NEAREST_ALIGN_CORNERS : RESIZE_BILINEAR_ALIGN_CORNERS;
    own.align_corners = nn_option_byte(build, field, 0) != 0;
    own.half_pixels = nn_option_byte(build, field + 1, 0) != 0;
    if (!own.nearest && own.align_corners && own.half_pixels) {
        return nn_refuse(build, NN_WHY_BOTH_ALIGNED_CORNERS_HALF_PIXELS);
    }
    if (!nn_read_input(build, 0, &input) || !nn_read_output(build, &output) ||
        !(own.nearest || nn_need_int8(build, &output)) || !check(build, &input, &output)) {
        return false;
    }
    fill_side(&own.y, input.shape[1], output.shape[1], own.align_corners);
    fill_side(&own.x, input.shape[2], output.shape[2], own.align_corners);
    own.batches = (uint32_t)input.shape[0];
    own.depth = input.shape[3] * (int32_t)nn_element_bytes(input.type);
    own.pixels_per_step = nn_items_per_step(4 * (uint32_t)own.depth);
    return nn_keep(build, &own, sizeof own);
}

// Between two neighbours: the first one, how far the second is from it, 0 or 1, and how far the output.
typedef struct {
    int32_t first, next, part;
} between;

// In single precision as the reference.
static between nearest(const resize *params, const side *own, int32_t at) {
    float position = ((float)at + (params->half_pixels ? 0.5f : 0.0f)) * own->ratio;
    int32_t whole = (int32_t)position;
    whole += params->align_corners && position - (float)whole >= 0.5f;
    const between result = {whole < own->in ? whole : own->in - 1, 0, 0};
    return result;
}

static between locate(const resize *params, const side *own, int32_t at) {
    if (params->nearest) {
        return nearest(params, own, at);
    }
    int32_t position = at * own->scale + (params->half_pixels ? own->scale / 2 - ONE / 2 : 0);
    int32_t first = nn_clamp(position / ONE, 0, own->in - 1);
    int32_t next = nn_clamp((position + ONE - 1) / ONE, 0, own->in - 1);
    const between result = {first, next > first, next > first ? position - ONE * first : 0};
    return result;
}

static int8_t blend(const int8_t *from, int32_t right, int32_t below, int32_t x, int32_t y) {
    int32_t upper = from[0] * (ONE - x) + from[right] * x, lower = from[below] * (ONE - x) + from[below + right] * x;
    int32_t sum = upper * (ONE - y) + lower * y;
    return (int8_t)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20)); // half away from zero
}

static bool run(nn_model *model, const nn_node *node) {
    const resize *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, node->input);
    int8_t *out = (int8_t *)nn_data(model, node->output);
    const int32_t depth = params->depth, row = params->x.in * depth;
    uint32_t done = 0;
    for (uint32_t batch = 0; batch < params->batches; batch++, input += params->y.in * row) {
        for (int32_t i = 0; i < params->y.out; i++) {
            const between y = locate(params, &params->y, i);
            for (int32_t j = 0; j < params->x.out; j++) {
                if (!nn_step_each(model, done++, params->pixels_per_step)) {
                    return false;
                }
                const between x = locate(params, &params->x, j);
                const int8_t *from = input + y.first * row + x.first * depth;
                if (params->nearest) {
                    memcpy(out, from, (size_t)depth);
                    out += depth;
                    continue;
                }
                for (int32_t c = 0; c < depth; c++) {
                    *out++ = blend(from++, x.next * depth, y.next * row, x.part, y.part);
                }
            }
        }
    }
    return true;
}

const nn_operator nn_resize_nearest = {BUILTIN_RESIZE_NEAREST_NEIGHBOR,
                                       OPTIONS_RESIZE_NEAREST_NEIGHBOR,
                                       2,
                                       2,
                                       NN_NAME("RESIZE_NEAREST_NEIGHBOR"),
                                       prepare,
                                       run};
const nn_operator nn_resize_bilinear = {
    BUILTIN_RESIZE_BILINEAR, OPTIONS_RESIZE_BILINEAR, 2, 2, NN_NAME("RESIZE_BILINEAR"), prepare, run};
