# SPDX-License-Identifier: Apache-2.0
"""One UART for many: testers, a TCP client, a hub and the watch all hear the same bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from motet.emulate.keywords.errors import KeywordError
from motet.emulate.keywords.logs import Log
from motet.emulate.keywords.matching import Pattern
from motet.emulate.keywords.terminals import SocketTerminal, UartHub
from motet.emulate.keywords.tester import Tester
from motet.emulate.keywords.uart import SocketWire, Uart
from motet.emulate.keywords.watch import Watch


class Clock:
    """Stands still: waits end by what arrives."""

    def now_ms(self) -> float:
        return 0.0

    def run(self) -> None: ...
    def pause(self) -> None: ...


class Board:
    """The other end of a UART: a TCP server, as an emulator has it."""

    def __init__(self, name: str = "sysbus.uart0") -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.uart = Uart(name, lambda: SocketWire(self.listener.getsockname()[1]))
        self.uart.connect()
        self.end, _ = self.listener.accept()
        self.end.settimeout(10)

    def hears(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self.end.recv(size - len(data))
        return data

    def close(self) -> None:
        self.uart.disconnect()
        self.end.close()
        self.listener.close()


@pytest.fixture
def board() -> Iterator[Board]:
    made = Board()
    yield made
    made.close()


def listening(uart: Uart, **options: bool) -> Tester:
    tester = Tester(Clock(), uart.write, 5.0, **options)
    uart.listen(tester.feed)
    return tester


def test_two_testers_and_a_tcp_client_hear_every_byte_and_use_up_only_their_own(board: Board) -> None:
    text, raw = listening(board.uart), listening(board.uart, binary=True)
    terminal = SocketTerminal(0)
    terminal.attach(board.uart)
    with socket.create_connection(("127.0.0.1", terminal.port), timeout=10) as client:
        client.sendall(b"ping")
        assert board.hears(4) == b"ping"
        board.end.sendall(b"one\r\ntwo\r\n")
        assert text.wait_for(Pattern("two"), 5) is not None
        assert raw.wait_for(Pattern(b"one\r\ntwo".hex(), binary=True), 5, unfinished=True) is not None
        assert client.recv(10, socket.MSG_WAITALL) == b"one\r\ntwo\r\n"
        text.send(b"from a tester")
        assert board.hears(13) == b"from a tester"
    terminal.close()


def test_a_second_tcp_client_is_served_when_the_first_has_gone(board: Board) -> None:
    terminal = SocketTerminal(0)
    terminal.attach(board.uart)
    for text in (b"first", b"second"):
        with socket.create_connection(("127.0.0.1", terminal.port), timeout=10) as client:
            client.sendall(text)
            assert board.hears(len(text)) == text
    terminal.close()


def test_a_taken_port_and_a_number_that_is_none_are_refused() -> None:
    terminal = SocketTerminal(0)
    with pytest.raises(KeywordError, match=f"Could not listen on port {terminal.port}"):
        SocketTerminal(terminal.port)
    with pytest.raises(KeywordError, match="Could not listen"):
        SocketTerminal(70000)
    terminal.close()


def test_a_hub_passes_on_to_all_but_the_speaker_until_it_is_told_to_stop(board: Board) -> None:
    other = Board("sysbus.uart1")
    hub = UartHub()
    hub.attach(board.uart)
    hub.attach(other.uart)
    board.end.sendall(b"hello")
    assert other.hears(5) == b"hello"
    heard = listening(board.uart, binary=True)
    hub.detach(other.uart)
    board.end.sendall(b"unheard")
    assert heard.wait_for(Pattern(b"unheard".hex(), binary=True), 5, unfinished=True) is not None
    other.end.setblocking(False)
    with pytest.raises(BlockingIOError):
        other.end.recv(1)
    other.close()


def test_a_uart_whose_board_went_off_is_opened_again_by_the_next_connect(board: Board) -> None:
    tester = listening(board.uart)
    board.end.sendall(b"before\n")
    assert tester.wait_for(Pattern("before"), 5)
    board.end.close()
    ended = threading.Event()
    threading.Thread(target=lambda: (_until_free(board.uart), ended.set()), daemon=True).start()
    assert ended.wait(10)
    board.uart.write(b"lost, and no error")
    board.uart.connect()
    board.end, _ = board.listener.accept()
    board.end.sendall(b"after\n")
    assert tester.wait_for(Pattern("after"), 5)


def _until_free(uart: Uart) -> None:
    while uart._wire is not None:
        threading.Event().wait(0.01)


def test_a_fail_fast_string_across_two_reads_raises_the_alarm_once_and_only_when_armed(board: Board, tmp_path: Path) -> None:
    lines: list[tuple[str, str]] = []
    watch = Watch(["HARDFAULT"], lambda uart, line: lines.append((uart, line)))
    watch.attach(board.uart)
    tester = listening(board.uart)
    board.end.sendall(b"HARDFAULT ignored\n")
    assert tester.wait_for(Pattern("ignored"), 5) and watch.alarm() is None
    watch.begin(True)
    board.end.sendall(b"\x00\x07\x00HARD")
    assert tester.wait_for(Pattern("HARD"), 5, unfinished=True)
    board.end.sendall(b"FAULT pc=08000000\r\nend\n")
    assert tester.wait_for(Pattern("end"), 5)
    assert watch.alarm() == "HARDFAULT on uart0: HARDFAULT pc=08000000"
    assert ("uart0", "end") in lines
    [log] = watch.save(tmp_path, "suite.test")
    assert log.name == "suite.test.uart0.log" and b"FAULT pc=08000000\r\nend\n" in log.read_bytes()


def test_the_log_takes_lines_of_text_from_a_uart_and_what_a_file_gets(board: Board, tmp_path: Path) -> None:
    log, file = Log(), tmp_path / "qemu.log"
    file.write_text("old\n")
    log.follow_file(file)
    log.follow_uart(board.uart)
    tester = listening(board.uart)
    board.end.sendall(b"\x01\x02binary\x00hello board\r\n")
    assert tester.wait_for(Pattern("hello"), 5)
    with file.open("a") as writing:
        writing.write("invalid read at 0x0\nhalf a li")
    warned = log.find(Pattern("invalid"), keep=True, level="warning")
    assert warned is not None and not warned[1]
    assert log.find(Pattern("old")) is None and log.find(Pattern("half")) is None
    assert log.find(Pattern("uart0: hello board"), level="Warning") is None
    assert log.find(Pattern("uart0: hello board"), level="Info") is not None
    log.failing.append(Pattern("invalid"))
    found = log.find(Pattern("nothing"))
    assert found is not None and found[1]
    assert "[WARNING] invalid read at 0x0" in log.text()
