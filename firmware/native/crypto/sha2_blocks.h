// SPDX-License-Identifier: Apache-2.0
// What both hash functions share: cutting a message into blocks, and the padding of its end (FIPS 180-4 §5).
#ifndef MOTET_CRYPTO_SHA2_BLOCKS_H
#define MOTET_CRYPTO_SHA2_BLOCKS_H

#include "sha2.h"

// Takes one whole block into the state.
typedef void (*sha2_compress_t)(sha2_t *hash, const uint8_t *block);

// `size`: bytes of a block, 64 or 128.
void sha2_update(sha2_t *hash, const void *data, size_t length, size_t size, sha2_compress_t compress);
void sha2_pad(sha2_t *hash, size_t size, sha2_compress_t compress);

static inline uint32_t sha2_load32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static inline void sha2_store32(uint8_t *bytes, uint32_t word) {
    bytes[0] = (uint8_t)(word >> 24);
    bytes[1] = (uint8_t)(word >> 16);
    bytes[2] = (uint8_t)(word >> 8);
    bytes[3] = (uint8_t)word;
}

#endif
