# SPDX-License-Identifier: Apache-2.0
MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_SSL = 0
MICROPY_PY_THREAD = 0
MICROPY_PY_TERMIOS = 1
MICROPY_PY_SOCKET = 1
MICROPY_USE_READLINE = 1
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0
MICROPY_VFS_LFS2 = 0

# edge_main.c stands before MicroPython's own main().
$(BUILD)/main.o: CFLAGS += -Dmain=motet_micropython_main
