# SPDX-License-Identifier: Apache-2.0
*** Settings ***
Documentation    A watchdog that nobody feeds restarts the board. No part's watchdog is modelled by both emulators; the host
...              starts it over the bus, because the firmware does not use one yet.
Resource         board.resource

*** Test Cases ***
The Watchdog Of The MPS Boards Restarts Them
    [Documentation]    Renode has no model of the CMSDK watchdog.
    [Tags]    qemu_only    expects_fault
    Skip If    not '${BOARD}'.startswith('mps2')    the watchdog of ${BOARD} is another one
    Boot Board
    # CMSDK: reload value, then interrupt and reset enabled. Its first expiry is a non-maskable interrupt.
    Execute Command    sysbus WriteDoubleWord 0x40008000 0x1000
    Execute Command    sysbus WriteDoubleWord 0x40008008 0x3
    Wait For Line On Uart    motet on ${BOARD} after

The Watchdog Of The STM32 Restarts It
    [Documentation]    QEMU has no model of the STM32's independent watchdog.
    [Tags]    renode_only    expects_fault
    Skip If    '${BOARD}' != 'stm32f405'    the watchdog of ${BOARD} is another one
    Boot Board
    # RM0090 chapter 21: unlock, shortest prescaler and reload value, start.
    Execute Command    sysbus WriteDoubleWord 0x40003000 0x5555
    Execute Command    sysbus WriteDoubleWord 0x40003004 0x0
    Execute Command    sysbus WriteDoubleWord 0x40003008 0x10
    Execute Command    sysbus WriteDoubleWord 0x40003000 0xCCCC
    Wait For Line On Uart    motet on ${BOARD} after
