// SPDX-License-Identifier: Apache-2.0
#include "random.h"

#include <string.h>

#include "lib/crypto-algorithms/sha256.h"

#include "arch/arch.h"
#include "fault.h"
#include "soc/soc.h"

static uint8_t state[SHA256_BLOCK_SIZE];

// state = SHA-256(state, bytes, cycle counter, hardware source)
static void stir(const uint8_t *bytes, size_t count) {
    uint8_t hardware[16];
    uint64_t cycles = arch_cycles();
    uint32_t boot = fault_boot_entropy();
    CRYAL_SHA256_CTX hash;
    sha256_init(&hash);
    sha256_update(&hash, state, sizeof state);
    sha256_update(&hash, bytes, count);
    sha256_update(&hash, (const uint8_t *)&cycles, sizeof cycles);
    sha256_update(&hash, (const uint8_t *)&boot, sizeof boot);
    sha256_update(&hash, hardware, soc_entropy(hardware, sizeof hardware));
    sha256_final(&hash, state);
}

void port_random_seed(const uint8_t *bytes, size_t count) {
    stir(bytes, count);
}

void port_random(uint8_t *out, size_t count) {
    static const uint8_t output_label = 1, state_label = 2;
    while (count) {
        uint8_t block[SHA256_BLOCK_SIZE];
        CRYAL_SHA256_CTX hash;
        stir(&state_label, 1);
        sha256_init(&hash);
        sha256_update(&hash, state, sizeof state);
        sha256_update(&hash, &output_label, 1);
        sha256_final(&hash, block);
        size_t part = count < sizeof block ? count : sizeof block;
        memcpy(out, block, part);
        out += part;
        count -= part;
    }
}
