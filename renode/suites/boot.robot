# SPDX-License-Identifier: Apache-2.0
*** Settings ***
Documentation    A board starts, says who it is, and answers on its link.
Resource         board.resource

*** Test Cases ***
First Line Names The Board And The Reason
    ${line}=    Boot Board
    Should Contain    ${line}[Line]    motet on ${BOARD} after

Presence Is Announced
    [Tags]    figure:boot_instructions
    ${presence}=    Boot And Connect
    Should Be Equal    ${presence}[board]    ${BOARD}
    Should Be Equal    ${presence}[id]    robot

Image Is Where The Core Looks For It
    [Documentation]    The first word of an Arm image is the initial stack pointer, in RAM; of a RISC-V image an instruction.
    Create Board
    ${entry}=    Execute Command    sysbus GetSymbolAddress "main"
    ${word}=    Execute Command    sysbus ReadDoubleWord ${entry.strip()}
    Should Not Be Equal As Strings    ${word.strip()}    0x00000000
    Should Not Be Equal As Strings    ${word.strip()}    0xFFFFFFFF

Nothing More Is Said Without A Host
    Boot Board
    Should Not Be On Uart    HARDFAULT    timeout=1
    Should Not Be On Uart    Traceback    timeout=1
