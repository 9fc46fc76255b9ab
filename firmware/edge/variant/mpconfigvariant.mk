# SPDX-License-Identifier: Apache-2.0
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_SSL_MBEDTLS = 1
MBEDTLS_CONFIG_FILE = \"motet_mbedtls.h\"
MICROPY_PY_THREAD = 0
MICROPY_PY_TERMIOS = 1
MICROPY_PY_SOCKET = 1
MICROPY_USE_READLINE = 1
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0
MICROPY_VFS_LFS2 = 0

# edge_main.c stands before MicroPython's own main().
$(BUILD)/main.o: CFLAGS += -Dmain=motet_micropython_main

# Nothing here unwinds a stack by tables, and they are a tenth of the binary.
CFLAGS += -fno-asynchronous-unwind-tables -fno-unwind-tables

# Relocations of a position-independent binary in a few bits each, where the C library here can read them: glibc 2.36 and later.
ifeq ($(shell printf '2.36\n%s\n' "$$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2)" | sort -CV && echo yes),yes)
LDFLAGS_EXTRA += -Wl,-z,pack-relative-relocs
endif
