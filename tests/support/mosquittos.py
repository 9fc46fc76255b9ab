# SPDX-License-Identifier: Apache-2.0
"""Mosquitto with a configuration of the test's own: TLS, limits."""

from __future__ import annotations

import contextlib
import getpass
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from motet.bus.broker import find_mosquitto

_DEADLINE_S = 10.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def tls_listener(certificate: Path, key: Path) -> str:
    """Lines that follow a listener's."""
    return f"certfile {certificate}\nkeyfile {key}\n"


@contextlib.contextmanager
def mosquitto(folder: Path, *listeners: str, head: str = "") -> Iterator[list[int]]:
    """Running inside the block; the ports of its listeners, for each of which `listeners` has the lines that follow the first."""
    program = find_mosquitto()
    if program is None:
        pytest.skip("mosquitto is missing: sudo apt-get install mosquitto")
    ports = [free_port() for _ in listeners]
    lines = [f"listener {port} 127.0.0.1\n{more}" for port, more in zip(ports, listeners, strict=True)]
    config = folder / "own-mosquitto.conf"
    # Started by root it would become another user, who may not read the test's files.
    head += f"\nuser {getpass.getuser()}"
    config.write_text(
        f"per_listener_settings false\nallow_anonymous true\npersistence false\nlog_dest stderr\n{head}\n" + "".join(lines)
    )
    with (folder / "own-mosquitto.log").open("wb+") as log, subprocess.Popen([program, "-c", str(config)], stderr=log) as process:
        try:
            _wait(process, folder / "own-mosquitto.log")
            yield ports
        finally:
            process.kill()


def _wait(process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _DEADLINE_S
    while b" running" not in log.read_bytes():
        assert process.poll() is None and time.monotonic() < deadline, log.read_text()
        time.sleep(0.01)
