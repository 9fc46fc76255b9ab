# SPDX-License-Identifier: Apache-2.0
# The Raspberry Pi Pico, and any other RP2040 board with 2 MB of flash.
set(PICO_BOARD "pico")
set(PICO_PLATFORM "rp2040")
