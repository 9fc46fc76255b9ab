// SPDX-License-Identifier: Apache-2.0
#include "window.h"
#include "schema.h"

static bool read_small(nn_build *build, unsigned field, int32_t fallback, uint8_t *value) {
    int32_t read = nn_fb_int_field(&build->model->file, &build->options, field, fallback);
    if (read < 1) {
        return nn_refuse(build, NN_WHY_STRIDE_DILATION_BELOW_1);
    }
    if (read > 255) {
        return nn_refuse(build, NN_WHY_STRIDE_DILATION_ABOVE_255);
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
    return (rows && columns) || nn_refuse(build, NN_WHY_OUTPUT_SHAPE_NOT_INPUT_SHAPE);
}

bool nn_read_window(nn_build *build, const nn_window_fields *fields, const nn_info *input, const nn_info *output,
                    int32_t kernel_h, int32_t kernel_w, nn_window *window) {
    if (input->rank != 4 || output->rank != 4 || input->shape[0] != output->shape[0]) {
        return nn_refuse(build, NN_WHY_INPUT_OUTPUT_NOT_IMAGES_SAME_BATCH);
    }
    if (kernel_h < 1 || kernel_w < 1 || kernel_h > UINT16_MAX || kernel_w > UINT16_MAX) {
        return nn_refuse(build, NN_WHY_KERNEL_SIZE_OUT_OF_RANGE);
    }
    window->batches = input->shape[0];
    window->in_h = input->shape[1];
    window->in_w = input->shape[2];
    window->in_c = input->shape[3];
    window->out_h = output->shape[1];
    window->out_w = output->shape[2];
    window->out_c = output->shape[3];
    window->kernel_h = (uint16_t)kernel_h;
    window->kernel_w = (uint16_t)kernel_w;
    uint8_t padding = nn_option_byte(build, fields->padding, PADDING_SAME);
    if (padding > PADDING_VALID) {
        return nn_refuse(build, NN_WHY_PADDING_NEITHER_SAME_NOR_VALID);
    }
    return read_steps(build, fields, window) && check_axes(build, padding == PADDING_SAME, window);
}

// The first row of the image that output row `y` needs, and the same for columns. All numbers here are below 2^26:
// tensors are below 2^24.
static int32_t row_of(const nn_window *w, int32_t y) {
    return nn_clamp(y * w->stride_h - w->pad_h, 0, w->in_h);
}

static int32_t column_of(const nn_window *w, int32_t x) {
    return nn_clamp(x * w->stride_w - w->pad_w, 0, w->in_w);
}

// Where along an axis the lead of writing over reading can be largest. Writing goes on evenly. What is still to be read
// stays where it is up to the padding, for a row also that of the next one, follows then, and stands still at the end
// of the image: the lead can only turn downwards about the padding, and is otherwise largest at the end.
static uint32_t corners(int32_t out, int32_t stride, int32_t pad, int32_t found[4]) {
    const int32_t turn = pad / stride, candidates[4] = {turn - 1, turn, turn + 1, out - 1};
    uint32_t count = 0;
    int32_t last = -1; // they rise but for some that are there already
    for (uint32_t i = 0; i < 4; i++) {
        if (candidates[i] > last && candidates[i] < out) {
            last = found[count++] = candidates[i];
        }
    }
    return count;
}

// How far the output has come, beyond what is still to be read, when all under the pixels before one in row `y` is
// read: the largest for these columns.
static int32_t lead(const nn_window *w, int32_t y, const int32_t *columns, uint32_t count, int32_t together) {
    const int32_t row = row_of(w, y) * w->in_w, next_row = row_of(w, y + 1) * w->in_w + column_of(w, 0);
    int32_t largest = 0;
    for (uint32_t j = 0; j < count; j++) {
        int32_t needed = row + column_of(w, columns[j]);
        needed = next_row < needed ? next_row : needed;
        int32_t own = (y * w->out_w + columns[j] + together) * w->out_c - needed * w->in_c;
        largest = own > largest ? own : largest;
    }
    return largest;
}

uint32_t nn_window_forward(const nn_window *window, int32_t together) {
    int32_t rows[4], columns[4];
    int32_t largest = 0;
    if (window->batches != 1) {
        return NN_NEVER;
    }
    uint32_t row_count = corners(window->out_h, window->stride_h, window->pad_h, rows), column_count = 1;
    columns[0] = 0;
    if (together != window->out_w) {
        column_count = corners(window->out_w, window->stride_w, window->pad_w, columns);
    }
    for (uint32_t i = 0; i < row_count; i++) {
        int32_t own = lead(window, rows[i], columns, column_count, together);
        largest = own > largest ? own : largest;
    }
    return ((uint32_t)largest + NN_ALIGN - 1) & ~(uint32_t)(NN_ALIGN - 1);
}

uint32_t nn_window_pixels(const nn_window *window) {
    return (uint32_t)window->batches * (uint32_t)window->out_h * (uint32_t)window->out_w;
}

void nn_next_pixel(const nn_window *window, nn_pixel *pixel) {
    if (++pixel->x == window->out_w) {
        pixel->x = 0;
        if (++pixel->y == window->out_h) {
            pixel->y = 0;
            pixel->batch++;
        }
    }
}
