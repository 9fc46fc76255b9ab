# SPDX-License-Identifier: Apache-2.0
*** Settings ***
Documentation    The framed link: sessions come and go, a damaged byte is no harm.
Resource         board.resource

*** Test Cases ***
Tools Are Listed
    Boot And Connect
    ${tools}=    List Tools
    List Should Contain Value    ${tools}    vitals.read
    List Should Contain Value    ${tools}    sensors.read

A Second Host Gets A New Session
    Create Board
    ${port}=    Free Port
    Execute Command    emulation CreateServerSocketTerminal ${port} "host" false
    Execute Command    connector Connect ${LINK} host
    Start Emulation
    Connect Device    ${port}
    ${presence}=    Connect Device    ${port}    id=second
    Should Be Equal    ${presence}[board]    ${BOARD}
    ${vitals}=    Call Tool    vitals.read
    Should Be Equal    ${vitals}[board]    ${BOARD}

Noise Before The Link Is Dropped
    Create Board
    ${port}=    Free Port
    ${wire}=    Create Terminal Tester    ${LINK}    defaultWaitForEcho=false    binaryMode=true
    Execute Command    emulation CreateServerSocketTerminal ${port} "host" false
    Execute Command    connector Connect ${LINK} host
    Start Emulation
    Write To Uart    noise that is no frame    testerId=${wire}
    Connect Device    ${port}
    ${vitals}=    Call Tool    vitals.read
    Should Be Equal    ${vitals}[board]    ${BOARD}
