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
    int32_t scale; // input pixels for one output pixel, fixed point
} side;

typedef struct {
    side y, x;
    uint32_t batches;
    uint32_t depth; // elements of a pixel; bytes for NEAREST
    uint32_t pixels_per_step;
    bool align_corners, half_pixels;
} resize;

static int32_t fixed_scale(int32_t in, int32_t out, bool align_corners) {
    bool corners = align_corners && out > 1;
    int32_t own = corners ? in - 1 : in, by = corners ? out - 1 : out;
    return (ONE * own + by / 2) / by;
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
    return (in[1] <= MOST_SIDE && in[2] <= MOST_SIDE && out[1] <= MOST_SIDE && out[2] <= MOST_SIDE) ||
           nn_refuse(build, NN_WHY_IMAGE_SIDE_ABOVE_32767);
}

static bool prepare(nn_build *build, unsigned align_corners, unsigned half_pixels) {
    nn_info input, output;
    if (!nn_read_input(build, 0, &input) || !nn_read_output(build, &output) || !check(build, &input, &output)) {
        return false;
    }
    resize *params = nn_take_params(build, sizeof *params);
    if (params == NULL) {
        return nn_measuring(build);
    }
    params->align_corners = nn_option_byte(build, align_corners, 0) != 0;
    params->half_pixels = nn_option_byte(build, half_pixels, 0) != 0;
    const side y = {input.shape[1], output.shape[1], 0}, x = {input.shape[2], output.shape[2], 0};
    params->y = y;
    params->x = x;
    params->y.scale = fixed_scale(y.in, y.out, params->align_corners);
    params->x.scale = fixed_scale(x.in, x.out, params->align_corners);
    params->batches = (uint32_t)input.shape[0];
    params->depth = (uint32_t)input.shape[3];
    params->pixels_per_step = nn_items_per_step(4 * params->depth);
    return true;
}

static bool prepare_nearest(nn_build *build) {
    nn_info output;
    if (!prepare(build, RESIZE_NEAREST_ALIGN_CORNERS, RESIZE_NEAREST_HALF_PIXELS) || !nn_read_output(build, &output)) {
        return false;
    }
    build->node->scratch_bytes = 2 * (uint32_t)output.shape[2]; // the input's column of each output column
    resize *params = build->node->params;
    if (params != NULL) {
        params->depth *= nn_element_bytes(output.type);
    }
    return true;
}

static bool prepare_bilinear(nn_build *build) {
    nn_info output;
    if (nn_option_byte(build, RESIZE_BILINEAR_ALIGN_CORNERS, 0) &&
        nn_option_byte(build, RESIZE_BILINEAR_HALF_PIXELS, 0)) {
        return nn_refuse(build, NN_WHY_BOTH_ALIGNED_CORNERS_HALF_PIXELS);
    }
    return nn_read_output(build, &output) && nn_need_int8(build, &output) &&
           prepare(build, RESIZE_BILINEAR_ALIGN_CORNERS, RESIZE_BILINEAR_HALF_PIXELS);
}

// The input's row or column that is nearest to the output's, in single precision as the reference.
static int32_t nearest(const resize *params, const side *own, int32_t at) {
    bool corners = params->align_corners && own->out > 1;
    float scale = corners ? (float)(own->in - 1) / (float)(own->out - 1) : (float)own->in / (float)own->out;
    float position = ((float)at + (params->half_pixels ? 0.5f : 0.0f)) * scale;
    int32_t whole = (int32_t)position;
    whole += params->align_corners && position - (float)whole >= 0.5f;
    return whole < own->in ? whole : own->in - 1;
}

static bool run_nearest(nn_model *model, const nn_node *node) {
    const resize *params = node->params;
    const uint8_t *input = nn_data(model, node->input);
    uint8_t *out = nn_data(model, node->output);
    uint16_t *columns = (uint16_t *)(void *)(model->activations + node->scratch);
    uint32_t done = 0, row_bytes = (uint32_t)params->x.in * params->depth;
    if (!nn_step(model)) {
        return false;
    }
    for (int32_t x = 0; x < params->x.out; x++) {
        columns[x] = (uint16_t)nearest(params, &params->x, x);
    }
    for (uint32_t batch = 0; batch < params->batches; batch++, input += (uint32_t)params->y.in * row_bytes) {
        for (int32_t y = 0; y < params->y.out; y++) {
            const uint8_t *row = input + (uint32_t)nearest(params, &params->y, y) * row_bytes;
            for (int32_t x = 0; x < params->x.out; x++, out += params->depth) {
                if (!nn_step_each(model, done++, params->pixels_per_step)) {
                    return false;
                }
                memcpy(out, row + columns[x] * params->depth, params->depth);
            }
        }
    }
    return true;
}

// Between two neighbours: the first one, whether the second is another, and how far the output lies from the first.
typedef struct {
    int32_t first, next, part;
} between;

static between locate(const resize *params, const side *own, int32_t at) {
    int32_t position = at * own->scale + (params->half_pixels ? own->scale / 2 - ONE / 2 : 0);
    int32_t first = nn_clamp(position / ONE, 0, own->in - 1),
            next = nn_clamp((position + ONE - 1) / ONE, 0, own->in - 1);
    const between result = {first, next > first, next > first ? position - ONE * first : 0};
    return result;
}

static int8_t blend(const int8_t *from, int32_t right, int32_t below, int32_t x, int32_t y) {
    int32_t upper = from[0] * (ONE - x) + from[right] * x, lower = from[below] * (ONE - x) + from[below + right] * x;
    int32_t sum = upper * (ONE - y) + lower * y;
    return (int8_t)((sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20)); // half away from zero
}

static bool run_bilinear(nn_model *model, const nn_node *node) {
    const resize *params = node->params;
    const int8_t *input = (const int8_t *)nn_data(model, node->input);
    int8_t *out = (int8_t *)nn_data(model, node->output);
    int32_t depth = (int32_t)params->depth, row = params->x.in * depth;
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
                                       "RESIZE_NEAREST_NEIGHBOR",
                                       prepare_nearest,
                                       run_nearest};
const nn_operator nn_resize_bilinear = {BUILTIN_RESIZE_BILINEAR, OPTIONS_RESIZE_BILINEAR, 2,           2,
                                        "RESIZE_BILINEAR",       prepare_bilinear,        run_bilinear};
