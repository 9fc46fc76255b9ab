// SPDX-License-Identifier: Apache-2.0
// DEPTHWISE_CONV_2D for Cortex-M55 and others with MVE: four channels at a time, along a part of a row. The inputs
// under all of its pixels are gathered column by column, so that those of one pixel lie side by side; then a dot
// product gives each output.
#include "depthwise.h"
#include "mve.h"

#if NN_MVE

#define LANES 16u

// What a part of a row needs. `each` is how many channels of the input lie side by side: 4, or the only one.
typedef struct {
    const nn_depthwise *params;
    const nn_span *span;
    uint32_t each, taps, step; // step: from the inputs of a pixel to those of the next
    int8_t *weights, *inputs;  // weights: channel by channel, in the order of the inputs
    int32_t bias[4];           // the zero point is taken off
} quad;

// Of columns `x` to `x` + `count`: how many lie left of the image, and how many after that inside.
static void split(const nn_window *window, int32_t x, int32_t count, int32_t *left, int32_t *inside) {
    *left = nn_clamp(-x, 0, count);
    *inside = nn_clamp(window->in_w - x, *left, count) - *left;
}

static int8_t *pad(int8_t *to, const quad *own, int32_t count) {
    for (; count > 0; count--, to += own->each * own->params->window.kernel_h) {
        memset(to, own->params->dense.input_zero, own->each);
    }
    return to;
}

static void gather(const quad *own, uint32_t channel) {
    const nn_window *w = &own->params->window;
    int32_t x = own->span->x * w->stride_w - w->pad_w, y = own->span->y * w->stride_h - w->pad_h, left, inside;
    int32_t count = (own->span->count - 1) * w->stride_w + w->kernel_w;
    for (uint32_t row = 0; row < w->kernel_h; row++, y += w->dilation_h) {
        split(w, x, y < 0 || y >= w->in_h ? 0 : count, &left, &inside);
        int8_t *to = pad(own->inputs + own->each * row, own, left);
        const int8_t *from = own->span->image + (y * w->in_w + x + left) * w->in_c + channel;
        for (int32_t i = inside; i > 0; i--, from += w->in_c, to += own->each * w->kernel_h) {
            if (own->each == 4) {
                memcpy(to, from, 4);
            } else {
                *to = *from;
            }
        }
        pad(to, own, count - left - inside);
    }
}

// Words of four channels of the weights, column by column; returns where the next ones are.
static const int8_t *take_words(const nn_window *w, const int8_t *from, uint32_t *row, uint32_t count, int8_t *to) {
    const int32_t down = w->kernel_w * w->out_c;
    for (; count > 0; count--, to += 4) {
        memcpy(to, from, 4);
        from += down;
        if (++*row == w->kernel_h) {
            from += w->out_c - down * w->kernel_h;
            *row = 0;
        }
    }
    return from;
}

// Four channels of the weights one after the other, and the biases without the zero point.
static void take_weights(quad *own, uint32_t channel) {
    const nn_dense *dense = &own->params->dense;
    const int8_t *from = dense->weights + channel;
    int32_t sums[4] = {0, 0, 0, 0};
    uint32_t row = 0;
    for (uint32_t at = 0; at < own->taps; at += LANES) {
        uint32_t count = own->taps - at < LANES ? own->taps - at : LANES;
        int8_t words[4 * LANES] = {0};
        from = take_words(&own->params->window, from, &row, count, words);
        const int8x16x4_t channels = vld4q_s8(words);
        for (uint32_t i = 0; i < 4; i++) {
            vstrbq_p_s8(own->weights + own->taps * i + at, channels.val[i], vctp8q(count));
            sums[i] = vaddvaq_s8(sums[i], channels.val[i]);
        }
    }
    for (uint32_t i = 0; i < 4; i++) {
        own->bias[i] = nn_bias(dense, channel + i) - dense->input_zero * sums[i];
    }
}

static int8x16_t some_weights(const quad *own, uint32_t channel) {
    return vldrbq_z_s8(own->weights + own->taps * channel, vctp8q(own->taps));
}

// Up to sixteen taps on words of four channels. It reads 64 bytes of inputs for each pixel; the weights of those beyond
// the taps are 0.
static void run_words(const quad *own, uint32_t channel) {
    const nn_dense *dense = &own->params->dense;
    const nn_mve_factors factors = nn_mve_factors_of(dense, channel);
    const int8x16_t wa = some_weights(own, 0), wb = some_weights(own, 1), wc = some_weights(own, 2);
    const int8x16_t wd = some_weights(own, 3);
    const int8_t *inputs = own->inputs;
    int8_t *out = own->span->out + channel;
    for (int32_t i = own->span->count; i > 0; i--, inputs += own->step, out += own->params->window.out_c) {
        const int8x16x4_t x = vld4q_s8(inputs);
        int32_t sums[4] = {vmladavaq_s8(own->bias[0], x.val[0], wa), vmladavaq_s8(own->bias[1], x.val[1], wb),
                           vmladavaq_s8(own->bias[2], x.val[2], wc), vmladavaq_s8(own->bias[3], x.val[3], wd)};
        nn_mve_put_rows(dense, channel, sums, &factors, out);
    }
}

// Any number of taps on words of four channels.
static void run_long_words(const quad *own, uint32_t channel) {
    const nn_dense *dense = &own->params->dense;
    const nn_mve_factors factors = nn_mve_factors_of(dense, channel);
    const uint32x4_t offsets = vmulq_n_u32(vidupq_n_u32(0, 1), own->taps); // from one channel's weights to the next's
    const int8_t *inputs = own->inputs;
    int8_t *out = own->span->out + channel;
    for (int32_t i = own->span->count; i > 0; i--, inputs += own->step, out += own->params->window.out_c) {
        int32x4_t sums = vldrwq_s32(own->bias);
        for (uint32_t tap = 0; tap < own->taps; tap++) {
            const int32x4_t w = vldrbq_gather_offset_s32(own->weights + tap, offsets);
            sums = vaddq_s32(sums, vmulq_s32(w, vldrbq_s32(inputs + 4 * tap)));
        }
        int32_t all[4];
        vstrwq_s32(all, sums);
        nn_mve_put_rows(dense, channel, all, &factors, out);
    }
}

// One input channel for all four outputs.
static void run_bytes(const quad *own, uint32_t channel) {
    const nn_dense *dense = &own->params->dense;
    const nn_mve_factors factors = nn_mve_factors_of(dense, channel);
    const int8_t *inputs = own->inputs;
    int8_t *out = own->span->out + channel;
    for (int32_t i = own->span->count; i > 0; i--, inputs += own->step, out += own->params->window.out_c) {
        int32_t a = own->bias[0], b = own->bias[1], c = own->bias[2], d = own->bias[3];
        const int8_t *w = own->weights;
        for (uint32_t at = 0; at < own->taps; at += LANES, w += LANES) {
            const mve_pred16_t some = vctp8q(own->taps - at);
            const int8x16_t x = vldrbq_z_s8(inputs + at, some);
            a = vmladavaq_s8(a, x, vldrbq_z_s8(w, some));
            b = vmladavaq_s8(b, x, vldrbq_z_s8(w + own->taps, some));
            c = vmladavaq_s8(c, x, vldrbq_z_s8(w + 2 * own->taps, some));
            d = vmladavaq_s8(d, x, vldrbq_z_s8(w + 3 * own->taps, some));
        }
        int32_t sums[4] = {a, b, c, d};
        nn_mve_put_rows(dense, channel, sums, &factors, out);
    }
}

uint32_t nn_depthwise_quads(const nn_depthwise *params, const nn_span *span, void *scratch) {
    const nn_window *window = &params->window;
    uint32_t bytes = nn_depthwise_quad_bytes(window, params->multiplier, params->pixels_per_step), channel = 0;
    if (bytes == 0) {
        return 0;
    }
    uint32_t taps = (uint32_t)window->kernel_w * window->kernel_h, each = params->multiplier == 1 ? 4 : 1;
    quad own = {.params = params, .span = span, .each = each, .taps = taps, .weights = scratch};
    own.inputs = own.weights + 4 * taps;
    own.step = each * window->stride_w * window->kernel_h;
    uint32_t last = 4 * taps + own.step * (uint32_t)(span->count - 1); // where the inputs of the last pixel are
    bool short_words = taps <= LANES && last + 4 * LANES <= bytes;
    if (each == 1) {
        gather(&own, 0);
    }
    for (; channel + 4 <= params->dense.rows; channel += 4) {
        take_weights(&own, channel);
        if (each == 1) {
            run_bytes(&own, channel);
            continue;
        }
        gather(&own, channel);
        (short_words ? run_words : run_long_words)(&own, channel);
    }
    return channel;
}

#endif
