// SPDX-License-Identifier: Apache-2.0
// FIPS 180-4 §6.2; functions and names of §4.1.2.
#include <string.h>

#include "sha2_blocks.h"
#include "sha2_tables.h"

#define BLOCK 64u

static uint32_t rotate(uint32_t x, unsigned bits) {
    return x >> bits | x << (32 - bits);
}

// The message schedule as a ring of sixteen words: w[t] from w[t-2], w[t-7], w[t-15] and w[t-16].
static uint32_t next_word(uint32_t *w, unsigned t) {
    uint32_t early = w[(t + 1) % 16], late = w[(t + 14) % 16];
    uint32_t sigma0 = rotate(early, 7) ^ rotate(early, 18) ^ early >> 3;
    uint32_t sigma1 = rotate(late, 17) ^ rotate(late, 19) ^ late >> 10;
    return w[t % 16] += sigma0 + w[(t + 9) % 16] + sigma1;
}

// One round. Instead of moving the eight working variables on, their names move: in round t, a is s[-t], b is s[1 - t],
// ...
static inline void round_of(uint32_t *s, unsigned t, uint32_t word, uint32_t constant) {
#define VARIABLE(i) s[((i) - t) % 8]
    uint32_t a = VARIABLE(0), b = VARIABLE(1), c = VARIABLE(2);
    uint32_t e = VARIABLE(4), f = VARIABLE(5), g = VARIABLE(6);
    uint32_t sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    uint32_t sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    uint32_t first = VARIABLE(7) + sum1 + ((e & f) ^ (~e & g)) + constant + word;
    VARIABLE(3) += first;
    VARIABLE(7) = first + sum0 + ((a & b) ^ (a & c) ^ (b & c));
#undef VARIABLE
}

static void compress(sha2_t *hash, const uint8_t *block) {
    uint32_t w[16], s[8];
    memcpy(s, hash->state.words32, sizeof s);
    for (unsigned t = 0; t < 64; t += 8) {
        for (unsigned i = t; i < t + 8; i++) {
            (void)(t < 16 ? (w[i] = sha2_load32(block + 4 * i)) : next_word(w, i));
        }
        const uint32_t *word = w + t % 16;
        const uint64_t *constant = sha2_rounds + t;
        // Eight at a time bring every variable back to its place, so that the compiler can keep them in registers.
#define ROUND(i) round_of(s, (i), word[i], (uint32_t)(constant[i] >> 32))
        ROUND(0), ROUND(1), ROUND(2), ROUND(3), ROUND(4), ROUND(5), ROUND(6), ROUND(7);
#undef ROUND
    }
    for (unsigned i = 0; i < 8; i++) {
        hash->state.words32[i] += s[i];
    }
}

void motet_sha256_init(sha2_t *hash) {
    for (unsigned i = 0; i < 8; i++) {
        hash->state.words32[i] = (uint32_t)(sha2_initial[i] >> 32);
    }
    hash->length = 0;
}

void motet_sha256_update(sha2_t *hash, const void *data, size_t length) {
    sha2_update(hash, data, length, BLOCK, compress);
}

void motet_sha256_final(sha2_t *hash, uint8_t digest[SHA256_LENGTH]) {
    sha2_pad(hash, BLOCK, compress);
    for (unsigned i = 0; i < 8; i++) {
        sha2_store32(digest + 4 * i, hash->state.words32[i]);
    }
}

void motet_sha256(const void *data, size_t length, uint8_t *digest) {
    sha2_t hash;
    motet_sha256_init(&hash);
    motet_sha256_update(&hash, data, length);
    motet_sha256_final(&hash, digest);
}
