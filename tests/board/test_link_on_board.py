# SPDX-License-Identifier: Apache-2.0
"""The wire to an emulated board: every byte value, restarts of either end, text."""

import random

import pytest
from motet_native.frame import Link, encode
from wire import Wire

from motet.emulate import Machine

pytestmark = pytest.mark.board


def test_the_board_prints_raw_text_before_the_link_is_attached(echo: Machine) -> None:
    with Wire(echo.port, console=echo.console_port) as wire:
        wire.until(lambda: wire.link.established)
        echo.reset()
        wire.until(lambda: b"echo on " + echo.board.name.encode() + b" after external\r\n" in wire.text, "banner")


def test_64_kib_with_every_byte_value_come_back_unchanged(wire: Wire) -> None:
    noise = wire.link.stats["crc_errors"]  # the banner, when it came
    source = random.Random(1)
    sent = [bytes(range(256)) + bytes(255 - i for i in range(255))]
    sent += [source.randbytes(source.randint(0, 511)) for _ in range(254)]
    for data in sent:
        wire.send(b"e" + data)
    wire.until(lambda: len(wire.messages) == len(sent), "echo of everything")
    assert [data for _, data in wire.messages] == sent
    assert wire.link.resets == 0 and wire.link.stats["crc_errors"] == noise


def test_a_killed_board_comes_back_on_the_same_port_with_a_new_session(wire: Wire, echo: Machine) -> None:
    assert wire.ask(b"ebefore") == b"before"
    port = echo.port
    echo.kill()
    wire.until(lambda: wire.closed, "end of the connection")
    echo.start()
    assert echo.port == port
    with Wire(echo.port, wire.link) as again:
        again.until(lambda: again.link.resets > 0 and again.link.established, "new session")
        assert again.ask(b"eafter") == b"after"
        assert again.ask(b"w") == b"power_on|"


def test_a_client_that_connects_while_the_board_is_off_is_served_when_it_is_on(echo: Machine) -> None:
    echo.stop()
    with Wire(echo.port) as wire:
        wire.turn()
        echo.start()
        wire.until(lambda: wire.link.established)
        assert wire.ask(b"ehello") == b"hello"


def test_a_host_that_restarts_in_the_middle_of_a_frame_gets_a_new_session(wire: Wire, echo: Machine) -> None:
    wire.link.send(1, b"e" + bytes(400))
    cut = wire.link.output(wire._now())[:57]
    wire.socket.sendall(cut)
    wire.socket.close()
    with Wire(echo.port, Link(mtu=512)) as successor:
        successor.until(lambda: successor.link.established)
        assert successor.ask(b"esecond host") == b"second host"


def test_noise_between_frames_is_dropped(wire: Wire) -> None:
    wire.socket.sendall(b"\x00noise\x00" + encode(b"\x2cforged") + bytes(range(256)) + b"\x00" * 5)
    assert wire.ask(b"estill there") == b"still there"


def test_lines_printed_after_the_link_is_attached_arrive_as_log(wire: Wire) -> None:
    wire.send(b"pone\ntwo " + b"x" * 200)
    wire.until(lambda: len(wire.logs) >= 3, "log lines")
    assert wire.logs[0] == "one" and "".join(wire.logs[1:3]) == "two " + "x" * 200


def test_two_starts_of_one_board_draw_different_epochs(echo: Machine) -> None:
    # The same program after the same number of instructions: only the seed in RAM differs.
    first = echo.read_memory(echo.board.emulate.seed_address, 4) if echo.board.emulate else b""
    echo.restart()
    assert echo.board.emulate and echo.read_memory(echo.board.emulate.seed_address, 4) != first
