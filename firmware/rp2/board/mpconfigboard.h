// SPDX-License-Identifier: Apache-2.0
// MicroPython's rp2 port as Motet uses it: console on USB, the framed link on UART0, one core.
#define MICROPY_HW_BOARD_NAME "Motet on RP2040"

// Files in the last quarter; below them Motet's store, below that the firmware.
#define MICROPY_HW_FLASH_STORAGE_BYTES (512 * 1024)

// The other core would need a lock where masked interrupts are enough now.
#define MICROPY_PY_THREAD (0)

// What the device core does not need and few would look for: the flash has better uses. left_out.h has what can only be
// taken back after the port has asked for it.
#define MICROPY_HW_ENABLE_USB_RUNTIME_DEVICE (0)
#define MICROPY_PY_BUILTINS_COMPLEX          (0)
#define MICROPY_PY_BUILTINS_HELP             (0)
#define MICROPY_PY_CMATH                     (0)
#define MICROPY_PY_DEFLATE                   (0)
#define MICROPY_PY_FRAMEBUF                  (0)
#define MICROPY_PY_HEAPQ                     (0)
#define MICROPY_PY_MATH_SPECIAL_FUNCTIONS    (0)
#define MICROPY_PY_PLATFORM                  (0)
#define MICROPY_PY_RANDOM                    (0)
#define MICROPY_PY_RE                        (0)
#define MICROPY_PY_UCTYPES                   (0)

void motet_rp2_start(void);
void motet_rp2_detach(void);
void motet_rp2_wait(void);
#define MICROPY_BOARD_EARLY_INIT()       motet_rp2_start()
#define MICROPY_BOARD_START_SOFT_RESET() motet_rp2_detach()
