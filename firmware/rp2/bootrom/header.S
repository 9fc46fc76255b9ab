// SPDX-License-Identifier: Apache-2.0
// Start of the boot ROM's stand-in: vectors, then the well-known addresses and the tables of functions and data, by the codes of
// the RP2040 datasheet, section 2.8.3.
    .syntax unified
    .cpu cortex-m0plus
    .thumb

    .macro entry first second address
    .byte \first, \second
    .2byte \address
    .endm

    .section .header, "a"
    .word 0x20042000
    .word boot
    .word stop
    .word stop
    .byte 'M', 'u', 1, 2
    .2byte functions
    .2byte data
    .2byte lookup + 1
    .2byte 0
    .align 2
functions:
    entry 'P', '3', popcount32 + 1
    entry 'R', '3', reverse32 + 1
    entry 'L', '3', clz32 + 1
    entry 'T', '3', ctz32 + 1
    entry 'M', 'S', set_bytes + 1
    entry 'S', '4', set_bytes + 1
    entry 'M', 'C', copy_bytes + 1
    entry 'C', '4', copy_bytes + 1
    entry 'U', 'B', stop
    entry 'I', 'F', nothing + 1
    entry 'E', 'X', nothing + 1
    entry 'R', 'E', flash_erase + 1
    entry 'R', 'P', flash_program + 1
    entry 'F', 'C', nothing + 1
    entry 'C', 'X', nothing + 1
    .2byte 0, 0
data:
    entry 'S', 'F', float_table
    entry 'G', 'R', revision
    .2byte 0, 0
revision:
    .word 0

    .section .text.stop, "ax"
    .thumb_func
    .global stop
    .type stop, %function
stop:
    bkpt #0
    b stop
