// SPDX-License-Identifier: Apache-2.0
// Constants of FIPS 180-4 §4.2 and §5.3. Those of SHA-256 are the upper halves of the first ones of SHA-512: both are
// the leading bits of the fractional parts of the same roots.
#ifndef MOTET_CRYPTO_SHA2_TABLES_H
#define MOTET_CRYPTO_SHA2_TABLES_H

#include <stdint.h>

extern const uint64_t sha2_initial[8];
extern const uint64_t sha2_rounds[80];

#endif
