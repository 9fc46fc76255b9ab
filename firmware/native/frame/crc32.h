// SPDX-License-Identifier: Apache-2.0
// CRC-32 as in IEEE 802.3, zlib and PNG: polynomial 0x04C11DB7 reflected, initial value and final complement
// all ones.
#ifndef MOTET_FRAME_CRC32_H
#define MOTET_FRAME_CRC32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The checksum of `data` after that of earlier bytes: frame_crc32(0, "123456789", 9) is 0xCBF43926, and
// frame_crc32(frame_crc32(0, a), b) is the checksum of a followed by b. Any other `seed` makes a keyed family
// of checksums: for the same bytes two different seeds never give the same result, because each step is a
// bijection.
uint32_t frame_crc32(uint32_t seed, const void *data, size_t length);

#define FRAME_CRC_LENGTH 4u

// Appends the checksum of body[0..length), little-endian.
void frame_seal(uint8_t *body, size_t length, uint32_t seed);
// Whether body[0..length) ends in the checksum of what stands before it.
bool frame_intact(const uint8_t *body, size_t length, uint32_t seed);

#endif
