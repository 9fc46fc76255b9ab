# SPDX-License-Identifier: Apache-2.0
*** Settings ***
Documentation    Waits until it is interrupted.
Resource         ../../../renode/suites/board.resource

*** Test Cases ***
A Board That Is Well
    Boot Board

A Very Long Wait
    Boot Board
    Wait For Line On Uart    nobody says this    timeout=100000

What Comes Thereafter
    Boot Board
