// SPDX-License-Identifier: Apache-2.0
// The board's flash for the store: one flash_*.c implements port_flash_open, and [flash] of board.toml says where
// things are.
#ifndef MOTET_PORT_FLASH_H
#define MOTET_PORT_FLASH_H

#include "store/store.h"

// Fills in a driver for the part at FLASH_BASE. False: it is not there or cannot be written, as in some emulators; the
// device then keeps nothing.
bool port_flash_open(struct motet_flash *flash);

// The flash with its regions, or NULL.
struct motet_flash *port_flash(struct store_layout *layout);

#endif
