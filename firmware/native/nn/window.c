// SPDX-License-Identifier: Apache-2.0
#include "window.h"
#include "schema.h"

static bool read_small(nn_build *build, unsigned field, int32_t fallback, uint8_t *value) {
    int32_t read = nn_fb_int_field(&build->model->file, build->options, field, fallback);
    if (read < 1) {
        return nn_malformed(build, "stride or dilation below 1");
    }
    if (read > 255) {
        return nn_fail(build, NN_TOO_LARGE, "stride or dilation above 255");
    }
    *value = (uint8_t)read;
    return true;
}

static bool read_steps(nn_build *build, const nn_window_fields *fields, nn_window *window) {
    // An absent stride reads as 0 (the schema's default), which is refused; an absent dilation is 1.
    window->dilation_h = window->dilation_w = 1;
    return read_small(build, fields->stride_h, 0, &window->stride_h) &&
           read_small(build, fields->stride_w, 0, &window->stride_w) &&
           (!fields->dilation_h || read_small(build, fields->dilation_h, 1, &window->dilation_h)) &&
           (!fields->dilation_w || read_small(build, fields->dilation_w, 1, &window->dilation_w));
}

// One axis: the output's size by the padding rule (ComputeOutSize), and the padding before the image.
static bool fits(bool same, int32_t in, int32_t out, int32_t kernel, int32_t stride, int32_t dilation, int32_t *pad) {
    int32_t reach = (kernel - 1) * dilation + 1;
    if (same) {
        int64_t total = (int64_t)(out - 1) * stride + reach - in;
        *pad = total > 0 ? (int32_t)(total / 2) : 0;
        return out == (in + stride - 1) / stride;
    }
    *pad = 0;
    return in >= reach && out == (in - reach) / stride + 1;
}

static bool check_axes(nn_build *build, bool same, nn_window *w) {
    bool rows = fits(same, w->in_h, w->out_h, w->kernel_h, w->stride_h, w->dilation_h, &w->pad_h);
    bool columns = fits(same, w->in_w, w->out_w, w->kernel_w, w->stride_w, w->dilation_w, &w->pad_w);
    return (rows && columns) || nn_malformed(build, "output shape does not follow from the input shape");
}

bool nn_read_window(nn_build *build, const nn_window_fields *fields, const nn_info *input, const nn_info *output,
                    int32_t kernel_h, int32_t kernel_w, nn_window *window) {
    if (input->rank != 4 || output->rank != 4 || input->shape[0] != output->shape[0]) {
        return nn_malformed(build, "input and output are not images of the same batch");
    }
    if (kernel_h < 1 || kernel_w < 1 || kernel_h > UINT16_MAX || kernel_w > UINT16_MAX) {
        return nn_malformed(build, "kernel size outside 1 to 65535");
    }
    memset(window, 0, sizeof *window);
    window->batches = input->shape[0];
    window->in_h = input->shape[1];
    window->in_w = input->shape[2];
    window->in_c = input->shape[3];
    window->out_h = output->shape[1];
    window->out_w = output->shape[2];
    window->out_c = output->shape[3];
    window->kernel_h = (uint16_t)kernel_h;
    window->kernel_w = (uint16_t)kernel_w;
    uint8_t padding = nn_fb_byte_field(&build->model->file, build->options, fields->padding, PADDING_SAME);
    if (padding > PADDING_VALID) {
        return nn_malformed(build, "padding is neither SAME nor VALID");
    }
    return read_steps(build, fields, window) && check_axes(build, padding == PADDING_SAME, window);
}
