// SPDX-License-Identifier: Apache-2.0
// DEPTHWISE_CONV_2D: each input channel has its own kernels. For each output pixel a list of taps points to the image
// pixels under the kernel, or to a pixel of zero points where the kernel leaves the image.
#include "dot.h"
#include "registry.h"
#include "schema.h"
#include "window.h"

typedef struct {
    nn_window window;
    nn_dense dense;
    uint16_t input, output;
    int8_t zero_point;   // of the input
    uint32_t multiplier; // output channels of each input channel
    uint32_t pixels_per_step;
} depthwise;

typedef const int8_t *tap;

static const nn_window_fields fields = {CONV_PADDING, CONV_STRIDE_H, CONV_STRIDE_W, DEPTHWISE_DILATION_H,
                                        DEPTHWISE_DILATION_W};

static bool check(nn_build *build, const nn_info *input, const nn_info *weights, const nn_info *output) {
    if (!nn_need_int8(build, input) || !nn_need_int8(build, output)) {
        return false;
    }
    if (weights->rank != 4 || output->rank != 4 || input->rank != 4 || weights->shape[0] != 1 ||
        weights->shape[3] != output->shape[3] || output->shape[3] % input->shape[3] != 0) {
        return nn_malformed(build, "weights do not fit the channels of input and output");
    }
    int32_t multiplier = nn_fb_int_field(&build->model->file, build->options, DEPTHWISE_MULTIPLIER, 0);
    return multiplier == output->shape[3] / input->shape[3] ||
           nn_malformed(build, "depth multiplier does not fit the channels");
}

static bool fill(nn_build *build, depthwise *params, const nn_info info[4], const nn_window *window) {
    nn_dense *dense = &params->dense;
    params->window = *window;
    params->input = info[0].index;
    params->output = info[3].index;
    params->zero_point = (int8_t)info[0].zero_point;
    params->multiplier = (uint32_t)(window->out_c / window->in_c);
    dense->rows = (uint32_t)window->out_c;
    dense->depth = info[1].count / dense->rows;
    params->pixels_per_step = nn_items_per_step(info[1].count);
    const nn_weight_layout layout = {1, dense->rows};
    return nn_read_activation(build, DEPTHWISE_ACTIVATION, &info[3], &dense->low, &dense->high) &&
           nn_fill_dense(build, dense, params + 1, &info[0], &info[1], &info[2], &info[3], layout);
}

static bool prepare(nn_build *build) {
    nn_info info[4]; // input, weights, bias, output
    nn_window window;
    if (!nn_read_input(build, 0, &info[0]) || !nn_read_input(build, 1, &info[1]) ||
        !nn_read_optional(build, 2, &info[2]) || !nn_read_output(build, &info[3]) ||
        !check(build, &info[0], &info[1], &info[3]) ||
        !nn_check_weights(build, &info[1], &info[2], (uint32_t)info[3].shape[3], 3) ||
        !nn_read_window(build, &fields, &info[0], &info[3], info[1].shape[1], info[1].shape[2], &window)) {
        return false;
    }
    uint64_t taps = info[1].count / (uint32_t)window.out_c;
    uint64_t scratch = taps * sizeof(tap) + (uint32_t)window.in_c;
    if (scratch > NN_MAX_TENSOR_BYTES) {
        return nn_fail(build, NN_TOO_LARGE, "kernel has too many taps");
    }
    build->node->scratch_bytes = (uint32_t)scratch;
    depthwise *params = nn_take(build, sizeof *params + nn_dense_bytes((uint32_t)window.out_c));
    if (params == NULL) {
        return nn_measuring(build);
    }
    build->node->params = params;
    return fill(build, params, info, &window);
}

static void find_taps(const nn_window *window, const int8_t *image, const nn_pixel *pixel, tap outside, tap *taps) {
    int32_t y = pixel->y * window->stride_h - window->pad_h;
    for (int32_t i = 0; i < window->kernel_h; i++, y += window->dilation_h) {
        int32_t x = pixel->x * window->stride_w - window->pad_w;
        for (int32_t j = 0; j < window->kernel_w; j++, x += window->dilation_w) {
            bool inside = y >= 0 && y < window->in_h && x >= 0 && x < window->in_w;
            *taps++ = inside ? image + (y * window->in_w + x) * window->in_c : outside;
        }
    }
}

#if NN_DSP

// Four channels whose inputs lie side by side (multiplier 1), two taps at a time.
static void quad(const nn_dense *dense, const tap *taps, uint32_t channel, int8_t *out) {
    uint32_t rows = dense->rows;
    const nn_channel *channels = dense->channels + channel;
    const int8_t *weights = dense->weights + channel;
    int32_t s0 = channels[0].bias, s1 = channels[1].bias, s2 = channels[2].bias, s3 = channels[3].bias;
    const tap *end = taps + (dense->depth & ~1u);
    for (; taps < end; taps += 2, weights += 2 * rows) {
        uint32_t xa = nn_load4(taps[0] + channel), xb = nn_load4(taps[1] + channel);
        uint32_t wa = nn_load4(weights), wb = nn_load4(weights + rows);
        uint32_t x_low = nn_low_halves(xa, xb), w_low = nn_low_halves(wa, wb);
        uint32_t x_high = nn_high_halves(xa, xb), w_high = nn_high_halves(wa, wb);
        s0 = nn_multiply_pairs(nn_even(x_low), nn_even(w_low), s0);
        s1 = nn_multiply_pairs(nn_odd(x_low), nn_odd(w_low), s1);
        s2 = nn_multiply_pairs(nn_even(x_high), nn_even(w_high), s2);
        s3 = nn_multiply_pairs(nn_odd(x_high), nn_odd(w_high), s3);
    }
    if (dense->depth & 1) {
        const int8_t *x = *taps + channel;
        s0 += x[0] * weights[0];
        s1 += x[1] * weights[1];
        s2 += x[2] * weights[2];
        s3 += x[3] * weights[3];
    }
    const int32_t sums[4] = {s0, s1, s2, s3};
    nn_requantize_quad(dense, channel, sums, out);
}

// Four channels that share one input channel (multiplier 4, 8, ...), two taps at a time.
static void shared_quad(const nn_dense *dense, const tap *taps, uint32_t input, uint32_t channel, int8_t *out) {
    uint32_t rows = dense->rows;
    const nn_channel *channels = dense->channels + channel;
    const int8_t *weights = dense->weights + channel;
    int32_t s0 = channels[0].bias, s1 = channels[1].bias, s2 = channels[2].bias, s3 = channels[3].bias;
    const tap *end = taps + (dense->depth & ~1u);
    for (; taps < end; taps += 2, weights += 2 * rows) {
        uint32_t x = nn_low_halves((uint32_t)taps[0][input], (uint32_t)taps[1][input]);
        uint32_t wa = nn_load4(weights), wb = nn_load4(weights + rows);
        uint32_t w_low = nn_low_halves(wa, wb), w_high = nn_high_halves(wa, wb);
        s0 = nn_multiply_pairs(x, nn_even(w_low), s0);
        s1 = nn_multiply_pairs(x, nn_odd(w_low), s1);
        s2 = nn_multiply_pairs(x, nn_even(w_high), s2);
        s3 = nn_multiply_pairs(x, nn_odd(w_high), s3);
    }
    if (dense->depth & 1) {
        int32_t x = (*taps)[input];
        s0 += x * weights[0];
        s1 += x * weights[1];
        s2 += x * weights[2];
        s3 += x * weights[3];
    }
    const int32_t sums[4] = {s0, s1, s2, s3};
    nn_requantize_quad(dense, channel, sums, out);
}

// Returns how many channels it did.
static uint32_t quads(const depthwise *params, const tap *taps, int8_t *out) {
    uint32_t channel = 0;
    if (params->multiplier == 1) {
        for (; channel + 3 < params->dense.rows; channel += 4) {
            quad(&params->dense, taps, channel, out);
        }
    } else if (params->multiplier % 4 == 0) {
        for (; channel < params->dense.rows; channel += 4) {
            shared_quad(&params->dense, taps, channel / params->multiplier, channel, out);
        }
    }
    return channel;
}

#endif

static void one_pixel(const depthwise *params, const tap *taps, int8_t *out) {
    const nn_dense *dense = &params->dense;
    uint32_t channel = 0;
#if NN_DSP
    channel = quads(params, taps, out);
#endif
    for (; channel < dense->rows; channel++) {
        uint32_t input = channel / params->multiplier;
        const int8_t *weights = dense->weights + channel;
        int32_t sum = dense->channels[channel].bias;
        for (uint32_t t = 0; t < dense->depth; t++, weights += dense->rows) {
            sum += taps[t][input] * *weights;
        }
        out[channel] = nn_requantize(dense, channel, sum);
    }
}

static bool run(nn_model *model, const nn_node *node) {
    const depthwise *params = node->params;
    const nn_window *window = &params->window;
    const int8_t *input = (const int8_t *)nn_data(model, params->input);
    int8_t *out = (int8_t *)nn_data(model, params->output);
    tap *taps = (tap *)(void *)(model->activations + node->scratch);
    int8_t *outside = (int8_t *)(taps + params->dense.depth);
    memset(outside, params->zero_point, (size_t)window->in_c);
    nn_pixel pixel = {0, 0, 0};
    for (uint32_t left = nn_window_pixels(window); left > 0;) {
        uint32_t count = left < params->pixels_per_step ? left : params->pixels_per_step;
        if (!nn_step(model)) {
            return false;
        }
        for (uint32_t i = 0; i < count; i++, out += params->dense.rows) {
            find_taps(window, nn_image(window, input, pixel.batch), &pixel, outside, taps);
            one_pixel(params, taps, out);
            nn_next_pixel(window, &pixel);
        }
        left -= count;
    }
    return true;
}

const nn_operator nn_depthwise_conv = {
    BUILTIN_DEPTHWISE_CONV_2D, OPTIONS_DEPTHWISE_CONV_2D, 2, 3, "DEPTHWISE_CONV_2D", prepare, run};
