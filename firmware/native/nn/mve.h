// SPDX-License-Identifier: Apache-2.0
// Four outputs at a time from their sums, with the vectors of Cortex-M55 (MVE).
#ifndef MOTET_NN_MVE_H
#define MOTET_NN_MVE_H

#include "dot.h"

#if NN_MVE

#include <arm_mve.h>

// Whether nn_mve_scale applies: others go through nn_requantize one by one.
static inline bool nn_mve_scales(const nn_dense *dense) {
    return dense->fast && !MOTET_NN_SINGLE_ROUNDING;
}

// How the sums of four channels become outputs: see nn_channel.
typedef struct {
    int32x4_t multipliers, shifts, rounds;
} nn_mve_factors;

static inline nn_mve_factors nn_mve_factors_of(const nn_dense *dense, uint32_t row) {
    nn_mve_factors own;
    own.multipliers = dense->by_channel ? vldrwq_s32(dense->multipliers + row) : vdupq_n_s32(dense->multipliers[0]);
    own.shifts = dense->by_channel ? vldrbq_s32(dense->shifts + row) : vdupq_n_s32(dense->shifts[0]);
    own.rounds = vshlq_s32(vdupq_n_s32(2 * dense->output_zero + 1), vsubq_s32(vdupq_n_s32(-1), own.shifts));
    return own;
}

// nn_scale_fast and the clamps of nn_requantize.
static inline int32x4_t nn_mve_scale(const nn_dense *dense, int32x4_t sums, const nn_mve_factors *factors) {
    int32x4_t values = vqrdmulhq_s32(sums, factors->multipliers);
    values = vaddq_s32(vaddq_s32(values, vshrq_n_s32(values, 31)), factors->rounds);
    values = vshlq_s32(values, factors->shifts);
    return vminq_s32(vmaxq_s32(values, vdupq_n_s32(dense->low)), vdupq_n_s32(dense->high));
}

// Sums of channels `row` to `row` + 3 into their outputs.
static inline void nn_mve_put_rows(const nn_dense *dense, uint32_t row, const int32_t sums[4],
                                   const nn_mve_factors *factors, int8_t *out) {
    if (nn_mve_scales(dense)) {
        vstrbq_s32(out, nn_mve_scale(dense, vldrwq_s32(sums), factors));
        return;
    }
    for (uint32_t i = 0; i < 4; i++) {
        const nn_channel channel = nn_channel_of(dense, row + i);
        out[i] = nn_requantize(dense, sums[i], &channel);
    }
}

#endif

#endif
