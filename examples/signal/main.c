// SPDX-License-Identifier: Apache-2.0
// The functions of signal.wit over dsp.h.
#include "bindings/signal.h"
#include "dsp.h"

static struct dsp_filter filter = {.b0 = 1};

static bool finite(float value) {
    return value - value == 0;
}

static bool all_finite(list_f32_t samples) {
    for (uint32_t index = 0; index < samples.len; index++) {
        if (!finite(samples.ptr[index]))
            return false;
    }
    return true;
}

result_none_refusal_t signal_configure(const filter_t *wanted) {
    // Compared so that what is not a number is refused, too.
    if (!(wanted->frequency > 0 && wanted->frequency < 0.5f))
        return (result_none_refusal_t){.is_err = true, .val.err = REFUSAL_FREQUENCY};
    if (!(wanted->q >= 0.1f && wanted->q <= 100))
        return (result_none_refusal_t){.is_err = true, .val.err = REFUSAL_SHARPNESS};
    dsp_design(&filter, (enum dsp_pass)wanted->pass, wanted->frequency, wanted->q);
    return (result_none_refusal_t){.is_err = false};
}

result_list_f32_refusal_t signal_process(list_f32_t samples) {
    if (samples.len > DSP_POINTS)
        return (result_list_f32_refusal_t){.is_err = true, .val.err = REFUSAL_LENGTH};
    if (!all_finite(samples))
        return (result_list_f32_refusal_t){.is_err = true, .val.err = REFUSAL_SAMPLE};
    float *filtered = motet_alloc(samples.len * sizeof *filtered);
    for (uint32_t index = 0; index < samples.len; index++)
        filtered[index] = dsp_filtered(&filter, samples.ptr[index]);
    return (result_list_f32_refusal_t){.val.ok = {filtered, samples.len}};
}

// Takes the mean out of the samples; returns their root mean square.
static float without_mean(const float *samples, float *centred) {
    float mean = 0, power = 0;
    for (uint32_t index = 0; index < DSP_POINTS; index++)
        mean += samples[index] / DSP_POINTS;
    for (uint32_t index = 0; index < DSP_POINTS; index++) {
        centred[index] = samples[index] - mean;
        power += centred[index] * centred[index] / DSP_POINTS;
    }
    return __builtin_sqrtf(power);
}

result_spectrum_refusal_t signal_analyse(list_f32_t samples) {
    if (samples.len != DSP_POINTS)
        return (result_spectrum_refusal_t){.is_err = true, .val.err = REFUSAL_LENGTH};
    if (!all_finite(samples))
        return (result_spectrum_refusal_t){.is_err = true, .val.err = REFUSAL_SAMPLE};
    float centred[DSP_POINTS], *amplitudes = motet_alloc(DSP_LINES * sizeof *amplitudes);
    float rms = without_mean(samples.ptr, centred);
    dsp_spectrum(centred, amplitudes);
    uint32_t strongest = 1;
    for (uint32_t line = 2; line < DSP_LINES; line++)
        strongest = amplitudes[line] > amplitudes[strongest] ? line : strongest;
    return (result_spectrum_refusal_t){.val.ok = {{amplitudes, DSP_LINES}, strongest, rms}};
}
