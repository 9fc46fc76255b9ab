// SPDX-License-Identifier: Apache-2.0
#include "sha2_blocks.h"

#include <string.h>

void sha2_update(sha2_t *hash, const void *data, size_t length, size_t size, sha2_compress_t compress) {
    const uint8_t *bytes = data;
    size_t held = (size_t)(hash->length % size);
    hash->length += length;
    while (held + length >= size) {
        size_t taken = size - held;
        if (held == 0) {
            compress(hash, bytes);
        } else {
            memcpy(hash->block + held, bytes, taken);
            compress(hash, hash->block);
        }
        bytes += taken;
        length -= taken;
        held = 0;
    }
    if (length != 0) {
        memcpy(hash->block + held, bytes, length);
    }
}

void sha2_pad(sha2_t *hash, size_t size, sha2_compress_t compress) {
    size_t held = (size_t)(hash->length % size);
    // The length in bits fills the last eighth of the block; of its sixteen bytes in SHA-512 the upper eight stay 0.
    size_t room = size - size / 8;
    hash->block[held++] = 0x80;
    if (held > room) {
        memset(hash->block + held, 0, size - held);
        compress(hash, hash->block);
        held = 0;
    }
    memset(hash->block + held, 0, size - held);
    sha2_store32(hash->block + size - 8, (uint32_t)(hash->length >> 29));
    sha2_store32(hash->block + size - 4, (uint32_t)(hash->length << 3));
    compress(hash, hash->block);
}
