# SPDX-License-Identifier: Apache-2.0
*** Settings ***
Documentation    Failures on purpose.
Resource         ../../../renode/suites/board.resource

*** Test Cases ***
A Board That Is Well
    Boot Board

A Line That Nobody Says
    Boot Board
    Wait For Line On Uart    nobody says this    timeout=1

A Fault That Nobody Expects
    Boot Board
    Break The Tick
    Wait For Line On Uart    nobody says this    timeout=1000

A Board That Is Well Again
    Boot Board
