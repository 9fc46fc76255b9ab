# SPDX-License-Identifier: Apache-2.0
*** Settings ***
Documentation    Tool calls, a component, and a model: everything a board is for.
Resource         board.resource

*** Test Cases ***
Vital Signs Are Read
    Boot And Connect
    ${vitals}=    Call Tool    vitals.read
    Should Be Equal    ${vitals}[board]    ${BOARD}
    Should Be True    ${vitals}[heap_free] > 0

A Sensor Is Read
    Boot And Connect
    ${sensors}=    Call Tool    sensors.list
    Should Not Be Empty    ${sensors}

An Unknown Tool Is Refused
    Boot And Connect
    Run Keyword And Expect Error    *nothing.like.this*    Call Tool    nothing.like.this

A Component Is Installed And Called
    Boot And Connect
    ${row}=    Install Artifact    component    vote    ${REVISION}    ${COMPONENT}
    Should Be Equal    ${row}[name]    vote
    FOR    ${label}    IN    7    7    1    7    2
        ${tally}=    Call Tool    vote.push    label=${label}
    END
    Should Be Equal As Integers    ${tally}[label]    7
    Should Be Equal As Integers    ${tally}[votes]    3

A Component Can Be Removed
    Boot And Connect
    Install Artifact    component    vote    ${REVISION}    ${COMPONENT}
    Remove Artifact    component    vote
    ${rows}=    List Artifacts
    Should Be Empty    ${rows}

A Model Is Installed And Run
    Boot And Connect
    Install Artifact    model    digits    1    ${MODEL}
    ${blank}=    Evaluate    [-128] * 64
    ${outputs}=    Run Model    digits    ${blank}
    Length Should Be    ${outputs}[0]    10

A Model With The Wrong Input Is Refused
    Boot And Connect
    Install Artifact    model    digits    1    ${MODEL}
    ${short}=    Evaluate    [0] * 3
    Run Keyword And Expect Error    *input*    Run Model    digits    ${short}
