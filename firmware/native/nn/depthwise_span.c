// SPDX-License-Identifier: Apache-2.0
// DEPTHWISE_CONV_2D in portable C. Cores with the DSP extension only come here for the layers and channels that their
// kernels leave.
#ifdef __ARM_FEATURE_DSP
#include "small.h" // first, for the functions in the others
#endif

#include "depthwise.h"

// The taps of a kernel that lie inside the image, along one axis.
typedef struct {
    int32_t first, end, at; // `at` is where the first of them lies
} taps;

static taps inside(int32_t at, int32_t dilation, int32_t kernel, int32_t size) {
    taps found;
    found.first = at < 0 ? (-at + dilation - 1) / dilation : 0;
    found.end = at < size ? (size - at + dilation - 1) / dilation : 0;
    found.end = found.end < kernel ? found.end : kernel;
    found.at = at + found.first * dilation;
    return found;
}

static int32_t sum_of(const nn_depthwise *params, const nn_span *span, const taps *rows, const taps *columns,
                      uint32_t channel) {
    const nn_window *window = &params->window;
    int32_t sum = nn_bias(&params->dense, channel), zero = params->dense.input_zero;
    int32_t step = window->dilation_w * window->in_c;
    for (int32_t i = rows->first, y = rows->at; i < rows->end; i++, y += window->dilation_h) {
        const int8_t *x = span->image + (y * window->in_w + columns->at) * window->in_c + channel / params->multiplier;
        const int8_t *weights =
            params->dense.weights + (i * window->kernel_w + columns->first) * window->out_c + channel;
        for (int32_t j = columns->first; j < columns->end; j++, x += step, weights += window->out_c) {
            sum += *weights * (*x - zero);
        }
    }
    return sum;
}

void nn_depthwise_span(const nn_depthwise *params, const nn_span *span, uint32_t first) {
    const nn_window *w = &params->window;
    const taps rows = inside(span->y * w->stride_h - w->pad_h, w->dilation_h, w->kernel_h, w->in_h);
    int8_t *out = span->out;
    for (int32_t i = 0; i < span->count; i++, out += w->out_c) {
        const taps columns = inside((span->x + i) * w->stride_w - w->pad_w, w->dilation_w, w->kernel_w, w->in_w);
        for (uint32_t channel = first; channel < params->dense.rows; channel++) {
            out[channel] = nn_output_of(&params->dense, channel, sum_of(params, span, &rows, &columns, channel));
        }
    }
}
