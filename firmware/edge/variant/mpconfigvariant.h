// SPDX-License-Identifier: Apache-2.0
// MicroPython on Unix as Motet's edge node: what the device core uses, nothing else.
#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// Byte code only: the edge node's binary is counted in kilobytes.
#define MICROPY_EMIT_X64   (0)
#define MICROPY_EMIT_X86   (0)
#define MICROPY_EMIT_THUMB (0)
#define MICROPY_EMIT_ARM   (0)
#define MICROPY_EMIT_RV32  (0)

#define MICROPY_PY_ASYNCIO      (1)
#define MICROPY_PY_SELECT       (1)
#define MICROPY_PY_SYS_SETTRACE (0)

#include "../../ports/unix/variants/mpconfigvariant_common.h"

// An interrupt must not jump out of native code; the interpreter takes it between two byte codes.
#undef MICROPY_ASYNC_KBD_INTR
#define MICROPY_ASYNC_KBD_INTR (0)
#undef MICROPY_VFS_ROM
#define MICROPY_VFS_ROM (0)
#undef MICROPY_PY_WEBSOCKET
#define MICROPY_PY_WEBSOCKET (0)
#define MICROPY_PY_FRAMEBUF  (0)
#undef MICROPY_PY_CRYPTOLIB
#define MICROPY_PY_CRYPTOLIB (0)
#define MICROPY_PY_BLUETOOTH (0)
#undef MICROPY_PY_HASHLIB_SHA1
#define MICROPY_PY_HASHLIB_SHA1 (0)
#undef MICROPY_PY_HASHLIB_MD5
#define MICROPY_PY_HASHLIB_MD5 (0)
