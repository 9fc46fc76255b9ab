# SPDX-License-Identifier: Apache-2.0
"""The edge node as a program: its size, its command line, serving and stopping."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from motet_native.frame import Link

from motet_core.port import HELLO, PRESENCE
from motet_core.wire import hello, presence

EDGE = Path(os.environ.get("MOTET_EDGE", Path(__file__).resolve().parents[2] / "build/edge/motet-edge"))
DEADLINE_S = 20
MEGABYTE = 1_000_000

if not EDGE.exists() and not os.environ.get("MOTET_CI"):
    pytest.skip(f"{EDGE} is missing: make -C firmware/edge", allow_module_level=True)


@pytest.fixture
def node() -> Iterator[tuple[subprocess.Popen[str], tuple[str, int]]]:
    """A serving node and its address."""
    process = subprocess.Popen([str(EDGE), "--listen", "127.0.0.1:0", "--id", "edge-1"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        host, _, port = process.stdout.readline().split()[-1].rpartition(":")
        yield process, (host, int(port))
    finally:
        process.kill()
        process.wait(DEADLINE_S)


def resident(pid: int) -> int:
    """VmRSS in bytes."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


def ask_presence(address: tuple[str, int]) -> dict[str, object]:
    """Connect, say hello, and take what the node says of itself."""
    link = Link(mtu=512)
    deadline = time.monotonic() + DEADLINE_S
    greeted = False
    with socket.create_connection(address, DEADLINE_S) as connection:
        connection.settimeout(0.05)
        while time.monotonic() < deadline:
            now = int(time.monotonic() * 1000)
            if link.established and not greeted:
                greeted = link.send(HELLO, hello.encode(time_ms=1_800_000_000_000, nonce=b"8 bytes!"))
            connection.sendall(link.output(now))
            try:
                link.feed(connection.recv(4096), now)
            except TimeoutError:
                continue
            while message := link.recv():
                if message[0] == PRESENCE:
                    return dict(presence.decode(message[1]))
    raise AssertionError("the node sent no presence")


def test_the_binary_is_at_most_one_mebibyte_and_stripped() -> None:
    assert EDGE.stat().st_size <= 1 << 20
    assert b".symtab" not in EDGE.read_bytes()


def test_it_runs_scripts_with_arguments(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys, motet_core, motet_native\nprint(sys.argv[1:], sys.implementation.name)\n")
    done = subprocess.run([str(EDGE), str(script), "--listen", "x"], capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.stdout == "['--listen', 'x'] micropython\n", done.stderr


def test_a_script_that_fails_fails_the_process(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("raise ValueError('mine')\n")
    done = subprocess.run([str(EDGE), str(script)], capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode != 0
    assert "mine" in done.stderr


@pytest.mark.parametrize("arguments", [["--bogus"], ["--listen"], ["--listen", "nowhere"], ["--listen", "127.0.0.1:70000"]])
def test_wrong_options_end_with_the_usage(arguments: list[str]) -> None:
    done = subprocess.run([str(EDGE), *arguments], capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode != 0
    assert "usage: motet_core" in done.stdout + done.stderr


def test_it_serves_one_host_after_the_other(node: tuple[subprocess.Popen[str], tuple[str, int]]) -> None:
    process, address = node
    first = ask_presence(address)
    second = ask_presence(address)
    assert first["id"] == second["id"] == "edge-1"
    assert int(str(second["sequence"])) > int(str(first["sequence"]))
    assert process.poll() is None


def test_it_serves_in_six_megabytes(node: tuple[subprocess.Popen[str], tuple[str, int]]) -> None:
    process, address = node
    ask_presence(address)
    assert resident(process.pid) <= 6 * MEGABYTE


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_when_it_is_told_to(node: tuple[subprocess.Popen[str], tuple[str, int]], number: signal.Signals) -> None:
    process, address = node
    ask_presence(address)
    process.send_signal(number)
    process.wait(DEADLINE_S)
