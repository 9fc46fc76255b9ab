# SPDX-License-Identifier: Apache-2.0
*** Settings ***
Documentation    A board that fails says so; the reset button brings it back.
Resource         board.resource

*** Test Cases ***
An Illegal Instruction Is Reported
    [Tags]    expects_fault
    Skip If    '${BOARD}' == 'rp2040'    a fault leaves the USB console of rp2040 silent; tests/board covers its wire
    Boot Board
    Break The Tick
    Wait For Line On Uart    (HARDFAULT|TRAP) .*pc=[0-9a-f]{8}|TRAP mcause=00000002    treatAsRegex=true

A Board That Faulted Answers After A Reset
    [Tags]    expects_fault
    Skip If    '${BOARD}' == 'rp2040'    a fault leaves the USB console of rp2040 silent; tests/board covers its wire
    Boot And Connect
    Break The Tick
    Wait For Line On Uart    (HARDFAULT|TRAP) .*    treatAsRegex=true    includeUnfinishedLine=true
    Mend The Tick
    Execute Command    machine Reset
    ${presence}=    Wait For Restart
    Should Be Equal    ${presence}[board]    ${BOARD}

The Reset Button Is Told From A Power On
    ${line}=    Boot Board
    Should Contain    ${line}[Line]    after power_on
    Execute Command    machine Reset
    Wait For Line On Uart    motet on ${BOARD} after (${PRESSED})    treatAsRegex=true

A Connected Host Sees The Restart
    Boot And Connect
    Execute Command    machine Reset
    ${presence}=    Wait For Restart
    Should Match Regexp    ${presence}[reset_reason]    ^(${PRESSED})$
    ${vitals}=    Call Tool    vitals.read
    Should Be Equal    ${vitals}[board]    ${BOARD}

A Booted Board Is Provided
    Boot Board
    Provides    booted    Reexecution

A Booted Board Is Required
    Needs A Power Switch
    Requires    booted
    Execute Command    machine Reset
    Wait For Line On Uart    motet on ${BOARD} after (${PRESSED})    treatAsRegex=true
