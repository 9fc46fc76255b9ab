# SPDX-License-Identifier: Apache-2.0
*** Settings ***
Resource         ../../../renode/suites/board.resource

*** Test Cases ***
Vital Signs Are Read
    Boot And Connect
    ${vitals}=    Call Tool    vitals.read
    Should Be Equal    ${vitals}[board]    ${BOARD}

A Component Is Installed And Called
    Boot And Connect
    Install Artifact    component    vote    ${REVISION}    ${COMPONENT}
    ${tally}=    Call Tool    vote.push    label=7
    Should Be Equal As Integers    ${tally}[votes]    1
    Remove Artifact    component    vote
