# SPDX-License-Identifier: Apache-2.0
*** Settings ***
Documentation    What a board with a flash store was given survives a restart.
Resource         board.resource

*** Keywords ***
Needs A Flash Store
    [Documentation]    Skips the test on a board whose artifacts live in RAM.
    [Arguments]    ${row}
    Skip If    '${row}[stored]' != 'flash'    ${BOARD} keeps artifacts in RAM: they are volatile

*** Test Cases ***
A Component Survives A Reset
    Boot And Connect
    ${row}=    Install Artifact    component    vote    ${REVISION}    ${COMPONENT}
    Needs A Flash Store    ${row}
    Execute Command    machine Reset
    Wait For Restart
    ${row}=    Artifact Should Be Installed    component    vote    ${REVISION}
    Should Be Equal    ${row}[stored]    flash
    ${tally}=    Call Tool    vote.push    label=7
    Should Be Equal As Integers    ${tally}[label]    7

A Removed Component Stays Removed
    Boot And Connect
    ${row}=    Install Artifact    component    vote    ${REVISION}    ${COMPONENT}
    Needs A Flash Store    ${row}
    Remove Artifact    component    vote
    Execute Command    machine Reset
    Wait For Restart
    ${rows}=    List Artifacts
    Should Be Empty    ${rows}

A Model Survives A Reset And Gives The Same Answer
    Boot And Connect
    ${row}=    Install Artifact    model    digits    1    ${MODEL}
    Needs A Flash Store    ${row}
    ${blank}=    Evaluate    [-128] * 64
    ${before}=    Run Model    digits    ${blank}
    Execute Command    machine Reset
    Wait For Restart
    ${after}=    Run Model    digits    ${blank}
    Should Be Equal    ${before}    ${after}
