// SPDX-License-Identifier: Apache-2.0
// MicroPython as the device core needs it: an interpreter for frozen code without compiler, shell or file system.
#include <alloca.h>
#include <stdint.h>
#include <string.h>

#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

// Everything is frozen: code cannot be sent to the board as text, and 25 KB of flash are saved.
#define MICROPY_ENABLE_COMPILER       (0)
#define MICROPY_PY_BUILTINS_EVAL_EXEC (0)
#define MICROPY_PY_BUILTINS_EXECFILE  (0)
#define MICROPY_PY_BUILTINS_COMPILE   (0)
#define MICROPY_PY_BUILTINS_INPUT     (0)
#define MICROPY_PY_BUILTINS_HELP      (0)
#define MICROPY_REPL_EVENT_DRIVEN     (0)
#define MICROPY_HELPER_REPL           (0)
#if defined(PORT_CONSOLE_UART)
#define MICROPY_KBD_EXCEPTION (1)
#else
#define MICROPY_KBD_EXCEPTION (0)
#endif
#define MICROPY_READER_VFS           (0)
#define MICROPY_VFS                  (0)
#define MICROPY_PERSISTENT_CODE_LOAD (0)

#define MICROPY_ENABLE_GC                      (1)
#define MICROPY_ENABLE_FINALISER               (1)
#define MICROPY_MALLOC_USES_ALLOCATED_SIZE     (1)
#define MICROPY_STACK_CHECK                    (1)
#define MICROPY_STACK_CHECK_MARGIN             (1024)
#define MICROPY_ENABLE_EMERGENCY_EXCEPTION_BUF (1)
#define MICROPY_EMERGENCY_EXCEPTION_BUF_SIZE   (256)
#define MICROPY_ENABLE_SCHEDULER               (1)
#define MICROPY_LONGINT_IMPL                   (MICROPY_LONGINT_IMPL_MPZ)
#define MICROPY_FLOAT_IMPL                     (MICROPY_FLOAT_IMPL_FLOAT)
#define MICROPY_EPOCH_IS_1970                  (1)

#define MICROPY_PY_SYS_PLATFORM "motet"
// sys.print_exception takes a file only with these.
#define MICROPY_PY_SYS_STDFILES                 (1)
#define MICROPY_PY_SYS_STDIO_BUFFER             (0)
#define MICROPY_PY_SYS_PS1_PS2                  (0)
#define MICROPY_PY_TIME                         (1)
#define MICROPY_PY_TIME_GMTIME_LOCALTIME_MKTIME (0)
#define MICROPY_PY_TIME_TIME_TIME_NS            (0)
#define MICROPY_PY_ASYNCIO                      (1)
#define MICROPY_PY_SELECT                       (1)
#define MICROPY_PY_HASHLIB                      (1)
#define MICROPY_PY_HASHLIB_SHA256               (1)
#define MICROPY_PY_HASHLIB_SHA1                 (0)
#define MICROPY_PY_HASHLIB_MD5                  (0)
#define MICROPY_PY_MACHINE                      (1)
#define MICROPY_PY_MACHINE_INCLUDEFILE          "modmachine_port.c"
#define MICROPY_PY_MACHINE_RESET                (1)
#define MICROPY_PY_MACHINE_PIN_BASE             (0)
#define MICROPY_PY_MACHINE_MEMX                 (0)
#define MICROPY_PY_MACHINE_PULSE                (0)
#define MICROPY_PY_MACHINE_SIGNAL               (0)
#define MICROPY_PY_MACHINE_I2C                  (0)
#define MICROPY_PY_MACHINE_SPI                  (0)
#define MICROPY_PY_OS                           (1)
#define MICROPY_PY_OS_INCLUDEFILE               "modos_port.c"
#define MICROPY_PY_OS_URANDOM                   (1)
#define MICROPY_PY_OS_STATVFS                   (0)
#define MICROPY_PY_OS_UNAME                     (0)
#define MICROPY_PY_RANDOM                       (0)
#define MICROPY_PY_CRYPTOLIB                    (0)
#define MICROPY_PY_FRAMEBUF                     (0)
#define MICROPY_PY_RE                           (0)
#define MICROPY_PY_HEAPQ                        (0)
#define MICROPY_PY_DEFLATE                      (0)
#define MICROPY_PY_PLATFORM                     (0)
#define MICROPY_PY_UCTYPES                      (0)
#define MICROPY_PY_CMATH                        (0)
#define MICROPY_PY_MATH_SPECIAL_FUNCTIONS       (0)
#define MICROPY_PY_BUILTINS_COMPLEX             (0)
#define MICROPY_PY_ONEWIRE                      (0)
#define MICROPY_PY_WEBSOCKET                    (0)

#define UINT_FMT "%lu"
#define INT_FMT  "%ld"
#define HEX_FMT  "%lx"
typedef int32_t mp_int_t;
typedef uint32_t mp_uint_t;
typedef long mp_off_t;
#define MP_SSIZE_MAX  (0x7fffffff)
#define MP_STATE_PORT MP_STATE_VM

#if defined(__ARM_ARCH_ISA_THUMB)
#define MICROPY_MAKE_POINTER_CALLABLE(p) ((void *)((mp_uint_t)(p) | 1))
#endif
