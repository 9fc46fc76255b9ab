// SPDX-License-Identifier: Apache-2.0
// SHA-256 and SHA-512 (FIPS 180-4) over messages that come in pieces, up to 2^61 - 1 bytes long.
#ifndef MOTET_CRYPTO_SHA2_H
#define MOTET_CRYPTO_SHA2_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_LENGTH 32u
#define SHA512_LENGTH 64u

typedef struct {
    union {
        uint32_t words32[8];
        uint64_t words64[8];
    } state;
    uint64_t length;
    uint8_t block[128];
} sha2_t;

void motet_sha256_init(sha2_t *hash);
void motet_sha256_update(sha2_t *hash, const void *data, size_t length);
// Writes the digest; the hash must be initialised anew before another use.
void motet_sha256_final(sha2_t *hash, uint8_t digest[SHA256_LENGTH]);
// The same at once.
void motet_sha256(const void *data, size_t length, uint8_t *digest);

void motet_sha512_init(sha2_t *hash);
void motet_sha512_update(sha2_t *hash, const void *data, size_t length);
void motet_sha512_final(sha2_t *hash, uint8_t digest[SHA512_LENGTH]);
// The same at once.
void motet_sha512(const void *data, size_t length, uint8_t *digest);

#endif
