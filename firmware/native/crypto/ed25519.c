// SPDX-License-Identifier: Apache-2.0
#include "ed25519.h"

#include <string.h>

#include "monocypher.h"
#include "sha2.h"

// The y coordinates of the points of order 8; those of orders 1, 2 and 4 are 1, -1 and 0.
static const uint8_t order8[2][ED25519_KEY_LENGTH] = {
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
};

// Whether bytes 1 to 30 of y all are `byte`.
static bool filled(const uint8_t y[ED25519_KEY_LENGTH], uint8_t byte) {
    for (unsigned i = 1; i < ED25519_KEY_LENGTH - 1; i++) {
        if (y[i] != byte) {
            return false;
        }
    }
    return true;
}

bool ed25519_key_usable(const uint8_t key[ED25519_KEY_LENGTH]) {
    uint8_t y[ED25519_KEY_LENGTH];
    memcpy(y, key, sizeof y);
    y[31] &= 0x7f;
    // p is 2^255 - 19: from p - 1 = ...ec on there is -1, and then what should have been reduced.
    bool reduced = !(filled(y, 0xff) && y[31] == 0x7f && y[0] >= 0xec);
    bool zero_or_one = filled(y, 0) && y[31] == 0 && y[0] <= 1;
    return reduced && !zero_or_one && memcmp(y, order8[0], sizeof y) != 0 && memcmp(y, order8[1], sizeof y) != 0;
}

bool ed25519_verify(const uint8_t key[ED25519_KEY_LENGTH], const uint8_t signature[ED25519_SIGNATURE_LENGTH],
                    const void *message, size_t length) {
    uint8_t digest[SHA512_LENGTH], challenge[32];
    sha2_t hash;
    if (!ed25519_key_usable(key) || !ed25519_key_usable(signature)) {
        return false;
    }
    motet_sha512_init(&hash);
    motet_sha512_update(&hash, signature, 32);
    motet_sha512_update(&hash, key, ED25519_KEY_LENGTH);
    motet_sha512_update(&hash, message, length);
    motet_sha512_final(&hash, digest);
    crypto_eddsa_reduce(challenge, digest);
    return crypto_eddsa_check_equation(signature, key, challenge) == 0;
}
