// SPDX-License-Identifier: Apache-2.0
// Numbers that differ from boot to boot and from board to board. NOT a source of secrets: a board without a hardware
// source knows nothing that its host, or whoever listens to the wire, does not know too. Keys are never made from it.
#ifndef MOTET_RANDOM_H
#define MOTET_RANDOM_H

#include <stddef.h>
#include <stdint.h>

// Stirs bytes (the host's nonce, say) into the state.
void port_random_seed(const uint8_t *bytes, size_t count);

void port_random(uint8_t *out, size_t count);

#endif
