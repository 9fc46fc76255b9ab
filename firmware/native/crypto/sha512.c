// SPDX-License-Identifier: Apache-2.0
// FIPS 180-4 §6.4; functions and names of §4.1.3.
#include <string.h>

#include "sha2_blocks.h"
#include "sha2_tables.h"

#define BLOCK 128u

static uint64_t rotate(uint64_t x, unsigned bits) {
    return x >> bits | x << (64 - bits);
}

// The message schedule as a ring of sixteen words: w[t] from w[t-2], w[t-7], w[t-15] and w[t-16].
static uint64_t next_word(uint64_t *w, unsigned t) {
    uint64_t early = w[(t + 1) % 16], late = w[(t + 14) % 16];
    uint64_t sigma0 = rotate(early, 1) ^ rotate(early, 8) ^ early >> 7;
    uint64_t sigma1 = rotate(late, 19) ^ rotate(late, 61) ^ late >> 6;
    return w[t % 16] += sigma0 + w[(t + 9) % 16] + sigma1;
}

// One round. Instead of moving the eight working variables on, their names move: in round t, a is s[-t], b is s[1 - t],
// ...
static void round_of(uint64_t *s, unsigned t, uint64_t word, uint64_t constant) {
#define VARIABLE(i) s[((i) - t) % 8]
    uint64_t a = VARIABLE(0), b = VARIABLE(1), c = VARIABLE(2);
    uint64_t e = VARIABLE(4), f = VARIABLE(5), g = VARIABLE(6);
    uint64_t sum1 = rotate(e, 14) ^ rotate(e, 18) ^ rotate(e, 41);
    uint64_t sum0 = rotate(a, 28) ^ rotate(a, 34) ^ rotate(a, 39);
    uint64_t first = VARIABLE(7) + sum1 + ((e & f) ^ (~e & g)) + constant + word;
    VARIABLE(3) += first;
    VARIABLE(7) = first + sum0 + ((a & b) ^ (a & c) ^ (b & c));
#undef VARIABLE
}

static void compress(sha2_t *hash, const uint8_t *block) {
    uint64_t w[16], s[8];
    memcpy(s, hash->state.words64, sizeof s);
    for (unsigned t = 0; t < 80; t++) {
        if (t < 16) {
            w[t] = (uint64_t)sha2_load32(block + 8 * t) << 32 | sha2_load32(block + 8 * t + 4);
        }
        round_of(s, t, t < 16 ? w[t] : next_word(w, t), sha2_rounds[t]);
    }
    for (unsigned i = 0; i < 8; i++) {
        hash->state.words64[i] += s[i];
    }
}

void motet_sha512_init(sha2_t *hash) {
    memcpy(hash->state.words64, sha2_initial, sizeof sha2_initial);
    hash->length = 0;
}

void motet_sha512_update(sha2_t *hash, const void *data, size_t length) {
    sha2_update(hash, data, length, BLOCK, compress);
}

void motet_sha512_final(sha2_t *hash, uint8_t digest[SHA512_LENGTH]) {
    sha2_pad(hash, BLOCK, compress);
    for (unsigned i = 0; i < 8; i++) {
        sha2_store32(digest + 8 * i, (uint32_t)(hash->state.words64[i] >> 32));
        sha2_store32(digest + 8 * i + 4, (uint32_t)hash->state.words64[i]);
    }
}

void motet_sha512(const void *data, size_t length, uint8_t *digest) {
    sha2_t hash;
    motet_sha512_init(&hash);
    motet_sha512_update(&hash, data, length);
    motet_sha512_final(&hash, digest);
}
