// SPDX-License-Identifier: Apache-2.0
// SignalRfft of int16 and SignalEnergy. The transform has the rounding of Kiss FFT in 16-bit fixed point: decimation in
// time by factors of 4, then 2, each stage dividing by its factor first; a real series as complex one of half its
// length.
#include "flex.h"
#include "registry.h"
#include "schema.h"
#include "signal.h"

#define CIRCLE      1024 // steps of nn_sine_table in a full turn, and the longest transform
#define MOST_STAGES 5

typedef struct {
    int16_t re, im;
} point;

typedef struct {
    uint32_t length; // complex points: half the length of the transform
    uint32_t given;  // samples in a row of the input; zeros follow
    uint32_t rows;
    uint8_t stages;
    uint8_t factor[MOST_STAGES];
} spectrum;

typedef struct {
    uint32_t first, after, count;
} energy;

// cos and -sin of `angle` steps of the circle.
static point turn(uint32_t angle) {
    uint32_t rest = angle % (CIRCLE / 4), from_end = CIRCLE / 4 - rest;
    int16_t low = nn_sine_table[rest], high = nn_sine_table[from_end];
    switch (angle / (CIRCLE / 4) % 4) {
    case 0:
        return (point){high, (int16_t)-low};
    case 1:
        return (point){(int16_t)-low, (int16_t)-high};
    case 2:
        return (point){(int16_t)-high, low};
    default:
        return (point){low, high};
    }
}

static int16_t rounded(int32_t product) {
    return (int16_t)((product + (1 << 14)) >> 15);
}

// Sums wrap at 16 bits, as the reference's do.
static point plus(point a, point b) {
    return (point){(int16_t)(a.re + b.re), (int16_t)(a.im + b.im)};
}

static point minus(point a, point b) {
    return (point){(int16_t)(a.re - b.re), (int16_t)(a.im - b.im)};
}

static point times(point a, point b) {
    return (point){rounded(a.re * b.re - a.im * b.im), rounded(a.re * b.im + a.im * b.re)};
}

static point divided(point a, int32_t factor) {
    return (point){rounded(a.re * (INT16_MAX / factor)), rounded(a.im * (INT16_MAX / factor))};
}

static void butterfly4(point *at, uint32_t distance, uint32_t angle) {
    point a = divided(at[0], 4), b = times(divided(at[distance], 4), turn(angle));
    point c = times(divided(at[2 * distance], 4), turn(2 * angle));
    point d = times(divided(at[3 * distance], 4), turn(3 * angle));
    point difference = minus(a, c), odd = minus(b, d);
    point sum = plus(a, c), even = plus(b, d), turned = {odd.im, (int16_t)-odd.re};
    at[0] = plus(sum, even);
    at[distance] = plus(difference, turned);
    at[2 * distance] = minus(sum, even);
    at[3 * distance] = minus(difference, turned);
}

static void butterfly2(point *at, uint32_t distance, uint32_t angle) {
    point a = divided(at[0], 2), b = times(divided(at[distance], 2), turn(angle));
    at[0] = plus(a, b);
    at[distance] = minus(a, b);
}

// All butterflies of one stage; `distance` points lie between the parts of each.
static void run_stage(point *out, uint32_t length, uint32_t factor, uint32_t distance) {
    uint32_t step = CIRCLE / (factor * distance);
    for (uint32_t block = 0; block < length; block += factor * distance) {
        for (uint32_t k = 0; k < distance; k++) {
            if (factor == 4) {
                butterfly4(out + block + k, distance, k * step);
            } else {
                butterfly2(out + block + k, distance, k * step);
            }
        }
    }
}

// Where point `index` of the input begins: its digits in reverse order.
static uint32_t place_of(const spectrum *params, uint32_t index) {
    uint32_t place = 0, size = params->length;
    for (uint32_t i = 0; i < params->stages; i++) {
        size /= params->factor[i];
        place += index % params->factor[i] * size;
        index /= params->factor[i];
    }
    return place;
}

static void scatter(const spectrum *params, const int16_t *input, point *out) {
    for (uint32_t i = 0; i < params->length; i++) {
        point *to = &out[place_of(params, i)];
        to->re = 2 * i < params->given ? input[2 * i] : 0;
        to->im = 2 * i + 1 < params->given ? input[2 * i + 1] : 0;
    }
}

// The spectrum of the real series from that of its even and odd samples as real and imaginary parts.
static void untangle(point *out, uint32_t length) {
    point first = divided(out[0], 2);
    out[0] = (point){(int16_t)(first.re + first.im), 0};
    out[length] = (point){(int16_t)(first.re - first.im), 0};
    for (uint32_t k = 1; k <= length / 2; k++) {
        point a = divided(out[k], 2), mirrored = {out[length - k].re, (int16_t)-out[length - k].im};
        point b = divided(mirrored, 2), sum = plus(a, b);
        point turned = times(minus(a, b), turn(k * (CIRCLE / 2) / length + CIRCLE / 4));
        out[k] = (point){(int16_t)((sum.re + turned.re) >> 1), (int16_t)((sum.im + turned.im) >> 1)};
        out[length - k] = (point){(int16_t)((sum.re - turned.re) >> 1), (int16_t)((turned.im - sum.im) >> 1)};
    }
}

static bool read_length(nn_build *build, spectrum *params) {
    int32_t type, length;
    if (!nn_read_flexible(build, "T", INT32_MIN, INT32_MAX, &type) ||
        !nn_read_flexible(build, "fft_length", INT32_MIN, INT32_MAX, &length)) {
        return false;
    }
    if (type != TYPE_INT16) {
        return nn_refuse(build, NN_WHY_TRANSFORM_TYPE_OTHER_INT16);
    }
    if (length < 8 || length > CIRCLE || (length & (length - 1)) != 0) {
        return nn_refuse(build, NN_WHY_TRANSFORM_LENGTH_NO_POWER_OF_TWO);
    }
    params->length = (uint32_t)length / 2;
    for (uint32_t left = params->length; left > 1; left /= params->factor[params->stages++]) {
        params->factor[params->stages] = left % 4 == 0 ? 4 : 2;
    }
    return true;
}

static bool prepare_spectrum(nn_build *build) {
    nn_info input, output;
    spectrum own = {0};
    if (!nn_signal_input(build, 0, NN_INT16, &input) || !nn_signal_output(build, 1, 0, NN_INT16, &output) ||
        !read_length(build, &own)) {
        return false;
    }
    uint32_t points = own.length + 1;
    if (input.rank == 0 || output.rank == 0 || (uint32_t)input.shape[input.rank - 1] > 2 * own.length ||
        (uint32_t)output.shape[output.rank - 1] != 2 * points ||
        input.count / (uint32_t)input.shape[input.rank - 1] != output.count / (2 * points)) {
        return nn_refuse(build, NN_WHY_TENSORS_NOT_FIT_TRANSFORM);
    }
    own.given = (uint32_t)input.shape[input.rank - 1];
    own.rows = output.count / (2 * points);
    return nn_keep(build, &own, sizeof own);
}

static bool run_spectrum(nn_model *model, const nn_node *node) {
    const spectrum *params = node->params;
    const int16_t *input = (const int16_t *)(const void *)nn_data(model, node->input);
    point *out = (point *)(void *)nn_data(model, node->output);
    for (uint32_t row = 0; row < params->rows; row++, input += params->given, out += params->length + 1) {
        uint32_t distance = 1;
        scatter(params, input, out);
        for (uint32_t stage = params->stages; stage-- > 0; distance *= params->factor[stage]) {
            if (!nn_step(model)) {
                return false;
            }
            run_stage(out, params->length, params->factor[stage], distance);
        }
        untangle(out, params->length);
    }
    return true;
}

static bool prepare_energy(nn_build *build) {
    nn_info input, output;
    int32_t first, after;
    if (!nn_signal_input(build, 0, NN_INT16, &input) || !nn_signal_output(build, 1, 0, NN_UINT32, &output)) {
        return false;
    }
    if (input.count != 2 * (uint64_t)output.count) {
        return nn_refuse(build, NN_WHY_OUTPUT_NOT_ONE_VALUE_PAIR);
    }
    if (!nn_read_flexible(build, "start_index", 0, (int32_t)output.count, &first) ||
        !nn_read_flexible(build, "end_index", first, (int32_t)output.count, &after)) {
        return false;
    }
    nn_overlap(build, 0, NN_NEVER); // each element of the output takes the place of its pair
    const energy own = {(uint32_t)first, (uint32_t)after, output.count};
    return nn_keep(build, &own, sizeof own);
}

static bool run_energy(nn_model *model, const nn_node *node) {
    const energy *params = node->params;
    const point *input = (const point *)(const void *)nn_data(model, node->input);
    uint32_t *out = (uint32_t *)(void *)nn_data(model, node->output);
    for (uint32_t i = 0; i < params->count; i++) {
        if (i % (NN_STEP_WORK / 2) == 0 && !nn_step(model)) {
            return false;
        }
        bool wanted = i >= params->first && i < params->after; // the reference leaves the others as they were
        out[i] = wanted ? (uint32_t)(input[i].re * input[i].re) + (uint32_t)(input[i].im * input[i].im) : 0;
    }
    return true;
}

const nn_operator nn_signal_spectrum = {BUILTIN_CUSTOM, OPTIONS_NONE,     1,           1,
                                        "SignalRfft",   prepare_spectrum, run_spectrum};
const nn_operator nn_signal_energy = {BUILTIN_CUSTOM, OPTIONS_NONE, 1, 1, "SignalEnergy", prepare_energy, run_energy};
