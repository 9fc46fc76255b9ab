# SPDX-License-Identifier: Apache-2.0
"""The firmware's UART code over a transmitter that is busy after each byte, as silicon has it and emulators have not."""

import ctypes
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from motet_native.frame import Link

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    target = tmp_path_factory.mktemp("uart") / "fake_uart.so"
    sources = [ROOT / "tests/support/fake_uart.c", *sorted((ROOT / "firmware/native/frame").glob("*.c"))]
    command = ["gcc", "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(target)]
    folders = [f"-I{ROOT / 'firmware/port'}", f"-I{ROOT / 'firmware/native'}"]
    subprocess.run([*command, *folders, *map(str, sources), str(ROOT / "firmware/native/cancel.c")], check=True)
    return ctypes.CDLL(str(target))


class World:
    """A host's link and the port's, joined byte by byte; `now` is the time of both."""

    def __init__(self, uart: ctypes.CDLL) -> None:
        self.uart = uart
        self.link = Link(mtu=512, epoch=77)
        self.now = 0
        uart.uart_open(1234)

    def turn(self) -> None:
        """Ten milliseconds: all bytes under way in both directions, one at a time, then a tick."""
        for byte in self.link.output(self.now):
            self.uart.uart_receive(byte)
        while (byte := self.uart.uart_shift()) >= 0:
            self.link.feed(bytes([byte]), self.now)
        self.now += 10
        self.uart.uart_tick(10)

    def establish(self) -> None:
        for _ in range(200):
            self.turn()
            if self.link.established:
                return
        raise AssertionError("no link after two seconds")


@pytest.fixture
def world(library: ctypes.CDLL) -> Iterator[World]:
    world = World(library)
    world.establish()
    yield world
    assert library.uart_masked() == 0


def test_messages_leave_one_interrupt_at_a_time_without_loss(world: World) -> None:
    source = random.Random(2)
    sent = [source.randbytes(source.randint(0, 512)) for _ in range(100)]
    waiting, came = list(sent), []
    for _ in range(2000):
        while waiting and world.link.send(1, waiting[0]):
            waiting.pop(0)
        world.turn()
        while world.uart.uart_echo() >= 0:
            pass
        while (item := world.link.recv()) is not None:
            came.append(item[1])
        if len(came) == len(sent):
            break
    assert came == sent
    assert world.link.stats["retransmits"] == 0 and world.link.stats["crc_errors"] == 0


def test_a_log_line_starts_a_silent_transmitter(world: World) -> None:
    world.uart.uart_log(b"hello", 5)
    world.turn()
    assert world.link.take_logs() == ["hello"]


def test_a_message_ends_the_sleep_before_it_begins(world: World) -> None:
    world.uart.uart_wait(0)
    world.link.send(1, b"wake up")
    for byte in world.link.output(world.now):
        world.uart.uart_receive(byte)
    world.uart.uart_wait(1000)
    assert world.uart.uart_wait(1000) > 0, "the message woke the program once, not for ever"


@pytest.mark.parametrize("count", [1, 16, 17, 32, 100])
def test_one_interrupt_takes_all_that_has_come(world: World, count: int) -> None:
    assert world.uart.uart_receive_all(bytes(count), count) == 0


def test_bytes_that_make_no_message_do_not_end_the_sleep(world: World) -> None:
    world.uart.uart_echo()
    world.uart.uart_wait(5)
    for byte in b"noise\x00":
        world.uart.uart_receive(byte)
    assert world.uart.uart_wait(100) == 20


def test_a_wait_without_limit_ends_with_the_next_message(world: World) -> None:
    world.link.send(1, b"at last")
    for byte in world.link.output(world.now):
        world.uart.uart_receive(byte)
    assert world.uart.uart_wait(-1) == 0


def test_a_transmitter_that_never_gets_free_blocks_nothing(world: World) -> None:
    for _ in range(20):
        world.uart.uart_log(b"x" * 100, 100)
        world.uart.uart_tick(10)
    world.turn()
    assert world.link.take_logs()
