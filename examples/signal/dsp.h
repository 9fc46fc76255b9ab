// SPDX-License-Identifier: Apache-2.0
// Second-order filters and a 64-point spectrum without a C library.
#ifndef DSP_H
#define DSP_H

#include <stdbool.h>
#include <stdint.h>

enum { DSP_POINTS = 64, DSP_LINES = DSP_POINTS / 2 + 1 };

enum dsp_pass { DSP_LOW, DSP_HIGH, DSP_BAND };

// Coefficients over a0, and the two values that a transposed direct form II remembers.
struct dsp_filter {
    float b0, b1, b2, a1, a2, z1, z2;
};

// sin(2 pi turns) and cos(2 pi turns), 0 <= turns <= 1, to about 3e-7.
float dsp_sin(float turns);
float dsp_cos(float turns);

// R. Bristow-Johnson, Cookbook formulae for audio EQ biquad filter coefficients. 0 < frequency < 0.5; a band has 0 dB
// at its centre.
void dsp_design(struct dsp_filter *filter, enum dsp_pass pass, float frequency, float q);

float dsp_filtered(struct dsp_filter *filter, float sample);

// Amplitudes of the lines 0 to 32 of 64 samples after a Hann window; a sine of amplitude 1 on a line gives 1 there.
void dsp_spectrum(const float *samples, float *amplitudes);

#endif
