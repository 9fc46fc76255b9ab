# SPDX-License-Identifier: Apache-2.0
"""The console that has a UART of its own: what it says, what Ctrl-C does there."""

import pytest
from wire import Wire

from motet.emulate import Machine

pytestmark = [pytest.mark.board, pytest.mark.only_on("stm32f405", "mps2_an385")]
CTRL_C = b"\x03"


def test_printed_lines_appear_on_the_console_and_as_log_of_the_link(wire: Wire) -> None:
    wire.send(b"pone\ntwo")
    wire.until(lambda: b"one\r\ntwo\r\n" in wire.text and wire.logs == ["one", "two"], "both lines on both ways")


def test_ctrl_c_interrupts_the_program_and_the_board_starts_over(wire: Wire) -> None:
    assert wire.console
    wire.console.sendall(b"noise" + CTRL_C)
    wire.until(lambda: b"KeyboardInterrupt" in wire.text, "traceback")
    wire.until(lambda: wire.link.resets and wire.link.established, "new session")
    assert wire.ask(b"w") == b"interrupt|" and wire.ask(b"f") == b"0"


def test_ctrl_c_ends_a_loop_without_end(wire: Wire) -> None:
    assert wire.console
    wire.send(b"h20000")
    wire.until(lambda: "looping" in wire.logs, "the loop")
    wire.console.sendall(CTRL_C)
    wire.until(lambda: wire.link.resets and wire.link.established, "new session")
    assert wire.ask(b"w") == b"interrupt|"


def test_the_same_byte_on_the_data_link_is_data(wire: Wire) -> None:
    wire.socket.sendall(CTRL_C * 3)
    assert wire.ask(b"e" + CTRL_C) == CTRL_C and not wire.link.resets


def test_a_console_that_nobody_reads_stops_nothing(echo: Machine) -> None:
    with Wire(echo.port) as wire:
        wire.until(lambda: wire.link.established)
        for _ in range(20):
            wire.send(b"p" + b"x" * 500)
        assert wire.ask(b"ealive") == b"alive"
