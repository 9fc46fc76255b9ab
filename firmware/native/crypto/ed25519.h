// SPDX-License-Identifier: Apache-2.0
// Checking of Ed25519 signatures (RFC 8032 §5.1.7) on Monocypher's curve arithmetic. Nothing here handles a secret.
#ifndef MOTET_CRYPTO_ED25519_H
#define MOTET_CRYPTO_ED25519_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ED25519_KEY_LENGTH       32u
#define ED25519_SIGNATURE_LENGTH 64u

// Whether the signature over the message was made with this key. Stricter than the RFC asks, like libsodium: a point of
// small order or in a non-canonical encoding is refused as key and as R, because under such a key anybody can sign, and
// an S that is not reduced is refused, so that a signature has one form only.
bool ed25519_verify(const uint8_t key[ED25519_KEY_LENGTH], const uint8_t signature[ED25519_SIGNATURE_LENGTH],
                    const void *message, size_t length);

// Whether this is a key that ed25519_verify could ever accept as far as its encoding and order go.
bool ed25519_key_usable(const uint8_t key[ED25519_KEY_LENGTH]);

#endif
