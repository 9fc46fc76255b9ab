// SPDX-License-Identifier: Apache-2.0
#include "dsp.h"

#define TWO_PI 6.28318530717958648f

// Taylor's series of the sine up to x^11, good to single precision within a quarter of a turn.
static float near_zero(float x) {
    static const float terms[] = {-1 / 39916800.0f, 1 / 362880.0f, -1 / 5040.0f, 1 / 120.0f, -1 / 6.0f, 1};
    float sum = 0;
    for (uint32_t term = 0; term < sizeof terms / sizeof *terms; term++)
        sum = sum * x * x + terms[term];
    return sum * x;
}

float dsp_sin(float turns) {
    if (turns > 0.75f)
        return near_zero((turns - 1) * TWO_PI);
    if (turns > 0.25f)
        return near_zero((0.5f - turns) * TWO_PI);
    return near_zero(turns * TWO_PI);
}

float dsp_cos(float turns) {
    return dsp_sin(turns < 0.75f ? turns + 0.25f : turns - 0.75f);
}

void dsp_design(struct dsp_filter *filter, enum dsp_pass pass, float frequency, float q) {
    float cosine = dsp_cos(frequency), alpha = dsp_sin(frequency) / (2 * q), scale = 1 / (1 + alpha);
    // The middle coefficient of a low pass is twice its outer ones, that of a high pass minus twice; a band has none.
    float outer = pass == DSP_LOW ? (1 - cosine) / 2 : pass == DSP_HIGH ? (1 + cosine) / 2 : alpha;
    filter->b0 = outer * scale;
    filter->b1 = pass == DSP_LOW ? 2 * filter->b0 : pass == DSP_HIGH ? -2 * filter->b0 : 0;
    filter->b2 = pass == DSP_BAND ? -filter->b0 : filter->b0;
    filter->a1 = -2 * cosine * scale;
    filter->a2 = (1 - alpha) * scale;
    filter->z1 = filter->z2 = 0;
}

float dsp_filtered(struct dsp_filter *filter, float sample) {
    float value = filter->b0 * sample + filter->z1;
    filter->z1 = filter->b1 * sample - filter->a1 * value + filter->z2;
    filter->z2 = filter->b2 * sample - filter->a2 * value;
    return value;
}

static uint32_t reversed(uint32_t index) {
    uint32_t result = 0;
    for (uint32_t bit = 1; bit < DSP_POINTS; bit <<= 1)
        result = result << 1 | ((index & bit) != 0);
    return result;
}

// One pass of the transform: pairs `half` apart become their sum and difference.
static void butterflies(float *real, float *imaginary, uint32_t half) {
    for (uint32_t offset = 0; offset < half; offset++) {
        float turns = (float)offset / (float)(2 * half), cosine = dsp_cos(turns), sine = dsp_sin(turns);
        for (uint32_t upper = offset; upper < DSP_POINTS; upper += 2 * half) {
            uint32_t lower = upper + half;
            float x = real[lower] * cosine + imaginary[lower] * sine,
                  y = imaginary[lower] * cosine - real[lower] * sine;
            real[lower] = real[upper] - x;
            imaginary[lower] = imaginary[upper] - y;
            real[upper] += x;
            imaginary[upper] += y;
        }
    }
}

void dsp_spectrum(const float *samples, float *amplitudes) {
    float real[DSP_POINTS], imaginary[DSP_POINTS];
    for (uint32_t index = 0; index < DSP_POINTS; index++) {
        real[reversed(index)] = samples[index] * (0.5f - 0.5f * dsp_cos((float)index / DSP_POINTS));
        imaginary[index] = 0;
    }
    for (uint32_t half = 1; half < DSP_POINTS; half <<= 1)
        butterflies(real, imaginary, half);
    for (uint32_t line = 0; line < DSP_LINES; line++) {
        // The window halves what a sine has; half of it is in the mirrored lines, which the first and the last do not
        // have.
        float scale = (line == 0 || line == DSP_LINES - 1 ? 2.0f : 4.0f) / DSP_POINTS;
        amplitudes[line] = __builtin_sqrtf(real[line] * real[line] + imaginary[line] * imaginary[line]) * scale;
    }
}
