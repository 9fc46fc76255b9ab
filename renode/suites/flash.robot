# SPDX-License-Identifier: Apache-2.0
*** Settings ***
Documentation    What a board with a flash store was given survives a restart.
Resource         board.resource

*** Keywords ***
Needs A Flash Store
    [Documentation]    Skips the test on a board whose artifacts live in RAM.
    Skip If    '${FLASH}' == 'none'    ${BOARD} has no flash store: its artifacts are volatile

*** Test Cases ***
A Component Survives A Reset
    Needs A Flash Store
    Boot And Connect
    Install Artifact    component    vote    ${REVISION}    ${COMPONENT}
    Execute Command    machine Reset
    Wait For Restart
    ${row}=    Artifact Should Be Installed    component    vote    ${REVISION}
    Should Be Equal    ${row}[stored]    flash
    ${tally}=    Call Tool    vote.push    label=7
    Should Be Equal As Integers    ${tally}[label]    7

A Removed Component Stays Removed
    Needs A Flash Store
    Boot And Connect
    Install Artifact    component    vote    ${REVISION}    ${COMPONENT}
    Remove Artifact    component    vote
    Execute Command    machine Reset
    Wait For Restart
    ${rows}=    List Artifacts
    Should Be Empty    ${rows}

A Model Survives A Reset And Gives The Same Answer
    Needs A Flash Store
    Boot And Connect
    Install Artifact    model    digits    1    ${MODEL}
    ${blank}=    Evaluate    [-128] * 64
    ${before}=    Run Model    digits    ${blank}
    Execute Command    machine Reset
    Wait For Restart
    ${after}=    Run Model    digits    ${blank}
    Should Be Equal    ${before}    ${after}
