// SPDX-License-Identifier: Apache-2.0
// DEPTHWISE_CONV_2D for Cortex-M cores with the DSP extension: four channels at a time, along a part of a row. Their
// weights are spread into the scratch first, as pairs of int16; next to them lie the inputs under all of the pixels.
#include "depthwise.h"
#include "depthwise_pairs.h"

// Inputs are words of four channels, column by column, and the weights are in that order. The only channel of an image
// stands four times in its words.
static bool has_quads(const nn_window *window, uint32_t multiplier) {
    return window->dilation_w == 1 && window->out_c >= 4 &&
           (multiplier == 1 || (window->in_c == 1 && multiplier % 4 == 0));
}

// Columns of the image under `pixels` neighbours.
static uint32_t columns_under(const nn_window *window, int32_t pixels) {
    return (uint32_t)(pixels - 1) * window->stride_w + window->kernel_w;
}

static uint32_t pairs_of(const nn_window *window) {
    return ((uint32_t)window->kernel_w * window->kernel_h + 1) / 2;
}

uint32_t nn_depthwise_quad_bytes(const nn_window *window, uint32_t multiplier, int32_t pixels) {
    const uint64_t limit = 4096;
    uint64_t inputs = 4ull * columns_under(window, pixels) * window->kernel_h + 4;
    uint64_t bytes = 16ull * pairs_of(window) + inputs;
    return bytes > limit || !has_quads(window, multiplier) ? 0 : (uint32_t)bytes;
}

#if NN_DSP && !NN_MVE

typedef struct {
    int32_t bias[4];
    nn_channel channels[4];
    uint32_t *weights; // four words for each pair of taps
    uint32_t *inputs;
    bool narrow; // outputs are clamped to less than int8
} quad;

// The pair of weights of four channels. Inputs are taken as they are: the zero point times the weights leaves the
// biases.
static uint32_t *spread(uint32_t *to, uint32_t first, uint32_t second, uint32_t minus_zero, int32_t bias[4]) {
    uint32_t low = nn_low_halves(first, second), high = nn_high_halves(first, second);
    to[0] = nn_even(low);
    to[1] = nn_odd(low);
    to[2] = nn_even(high);
    to[3] = nn_odd(high);
    for (uint32_t i = 0; i < 4; i++) {
        bias[i] = nn_multiply_pairs(to[i], minus_zero, bias[i]);
    }
    return to + 4;
}

// Weights of channel `channel` and the next three, in the order of the columns.
static void spread_columns(const nn_depthwise *params, uint32_t channel, quad *own) {
    const nn_window *window = &params->window;
    const int8_t *column = params->dense.weights + channel, *end = column + params->dense.depth * params->dense.rows;
    const uint32_t next = (uint32_t)window->out_c, down = window->kernel_w * next;
    const uint32_t minus_zero = nn_minus_twice(params->dense.input_zero);
    uint32_t *to = own->weights, waiting = 0;
    bool odd = false;
    for (uint32_t i = window->kernel_w; i > 0; i--, column += next) {
        for (const int8_t *at = column; at < end; at += down, odd = !odd) {
            uint32_t four = nn_load4(at);
            if (odd) {
                to = spread(to, waiting, four, minus_zero, own->bias);
            }
            waiting = four;
        }
    }
    if (odd) {
        spread(to, waiting, 0, minus_zero, own->bias);
    }
}

// Four channels of the columns under the span, or the only one, the rows of a column next to each other.
static void gather_words(const nn_depthwise *params, const nn_span *span, uint32_t channel, uint32_t *to) {
    const nn_window *w = &params->window;
    const uint32_t zero = ((uint32_t)params->dense.input_zero & 0xFF) * 0x01010101u;
    const bool single = params->multiplier > 1;
    const int32_t x = span->x * w->stride_w - w->pad_w, end = x + (int32_t)columns_under(w, span->count);
    const int32_t step = w->in_c, width = w->in_w, height = w->kernel_h;
    int32_t y = span->y * w->stride_h - w->pad_h;
    for (int32_t row = 0; row < height; row++, y += w->dilation_h) {
        const bool inside = y >= 0 && y < w->in_h;
        const int8_t *from = span->image + (y * width + x) * step + (single ? 0 : channel);
        uint32_t *at = to + row;
        for (int32_t column = x; column < end; column++, from += step, at += height) {
            uint32_t four = zero;
            if (inside && (uint32_t)column < (uint32_t)width) {
                four = single ? (uint8_t)*from * 0x01010101u : nn_load4(from);
            }
            *at = four;
        }
    }
}

static void put_out(const nn_dense *dense, const quad *own, const int32_t sums[4], int8_t *out) {
    int8_t values[4];
    for (uint32_t i = 0; i < 4; i++) {
        int32_t value =
            dense->fast ? nn_scale_fast(sums[i], &own->channels[i]) : nn_scale_any(dense, sums[i], &own->channels[i]);
        values[i] = (int8_t)(own->narrow ? nn_clamp(value, dense->low, dense->high) : nn_to_int8(value));
    }
    memcpy(out, values, sizeof values);
}

static void run_words(const nn_depthwise *params, const nn_span *span, const quad *own, uint32_t channel) {
    const nn_window *window = &params->window;
    const uint32_t *inputs = own->inputs;
    uint32_t pairs = pairs_of(window), step = (uint32_t)window->stride_w * window->kernel_h;
    int8_t *out = span->out + channel;
    for (int32_t i = 0; i < span->count; i++, inputs += step, out += window->out_c) {
        int32_t sums[4];
        sum_of_pairs(inputs, own->weights, pairs, own->bias, sums);
        put_out(&params->dense, own, sums, out);
    }
}

static void prepare_quad(const nn_depthwise *params, quad *own, uint32_t channel) {
    for (uint32_t i = 0; i < 4; i++) {
        own->bias[i] = nn_bias(&params->dense, channel + i);
        own->channels[i] = nn_channel_of(&params->dense, channel + i);
    }
}

uint32_t nn_depthwise_quads(const nn_depthwise *params, const nn_span *span, void *scratch) {
    const nn_window *window = &params->window;
    if (nn_depthwise_quad_bytes(window, params->multiplier, params->pixels_per_step) == 0) {
        return 0;
    }
    uint32_t channel = 0;
    quad own = {.weights = scratch, .inputs = (uint32_t *)scratch + 4 * pairs_of(window)};
    own.narrow = params->dense.low > INT8_MIN || params->dense.high < INT8_MAX;
    for (; channel + 4 <= params->dense.rows; channel += 4) {
        prepare_quad(params, &own, channel);
        spread_columns(params, channel, &own);
        if (channel == 0 || params->multiplier == 1) {
            gather_words(params, span, channel, own.inputs);
        }
        run_words(params, span, &own, channel);
    }
    return channel;
}

#elif !NN_MVE

uint32_t nn_depthwise_quads(const nn_depthwise *params, const nn_span *span, void *scratch) {
    (void)params;
    (void)span;
    (void)scratch;
    return 0;
}

#endif
