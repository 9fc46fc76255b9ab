# SPDX-License-Identifier: Apache-2.0
*** Settings ***
Documentation    A board whose program hangs starts over: the tick sees to that, and a watchdog of the part to the tick itself.
...              No part's watchdog is modelled by both emulators.
Resource         board.resource

*** Keywords ***
Hang
    [Documentation]    Puts an endless loop of waiting for interrupts where a function begins.
    [Arguments]    ${function}
    ${address}=    Execute Command    sysbus GetSymbolAddress "${function}"
    ${arm}=    Create List    0xBF30    0xE7FD
    ${rv}=    Create List    0x0073    0x1050    0xBFF5
    ${loop}=    Set Variable If    '${ARCH}' == 'arm'    ${arm}    ${rv}
    # Half an instruction more would be another one.
    Execute Command    pause
    FOR    ${index}    ${half}    IN ENUMERATE    @{loop}
        ${at}=    Evaluate    hex(int('${address.strip()}', 16) + 2 * ${index})
        Execute Command    sysbus WriteWord ${at} ${half}
    END
    Execute Command    start

*** Test Cases ***
A Program That Hangs Is Found Out By The Tick
    [Tags]    expects_fault
    Skip If    '${BOARD}' == 'rp2040'    a fault leaves the USB console of rp2040 silent; tests/board covers its wire
    Boot Board
    # The limit is 30 s; nobody wants to wait for that.
    ${limit}=    Execute Command    sysbus GetSymbolAddress "limit_ms"
    Execute Command    sysbus WriteDoubleWord ${limit.strip()} 500
    Hang    watch_alive
    Wait For Line On Uart    WATCHDOG pc=[0-9a-f]{8} the program does not come back    treatAsRegex=true

A Tick That Hangs Is Found Out By The Watchdog Of The MPS Boards
    [Documentation]    Renode has no model of the CMSDK watchdog.
    [Tags]    qemu_only    expects_fault
    Skip If    not '${BOARD}'.startswith('mps')    the watchdog of ${BOARD} is not the CMSDK's
    Boot Board
    Hang    port_on_tick
    Wait For Line On Uart    motet on ${BOARD} after    timeout=30

A Tick That Hangs Is Found Out By The Independent Watchdog
    [Documentation]    QEMU has no model of the STM32's independent watchdog.
    [Tags]    renode_only    expects_fault
    Skip If    '${BOARD}' != 'stm32f405'    the watchdog of ${BOARD} is not the STM32's
    Boot Board
    Hang    port_on_tick
    Wait For Line On Uart    motet on ${BOARD} after    timeout=30
