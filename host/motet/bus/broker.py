# SPDX-License-Identifier: Apache-2.0
"""A private broker on the loopback interface: mosquitto where it is installed, else amqtt in a child process.

It keeps nothing on disk beyond its log, and ends with the process that started it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

Kind = Literal["auto", "mosquitto", "amqtt"]

_START_S = 10.0
_STOP_S = 3.0
_SETTLE_S = 1.0
# Between choosing a free port and the broker's bind, somebody else may take it.
_ATTEMPTS = 5

_CONFIG = """\
listener {port} 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
max_inflight_messages 1000
max_queued_messages 10000
log_dest stderr
log_type error
log_type warning
log_type information
"""

# Runs a command until it ends or our end of the pipe on its standard input closes, however this process ends.
_WATCH = """\
exec 3<&0
"$@" 3<&- &
pid=$!
(read -r _ <&3; kill $pid) 2>/dev/null &
watch=$!
wait $pid
status=$?
kill $watch 2>/dev/null
exit $status
"""


class BrokerError(RuntimeError):
    """No broker could be started; the message says what to install or what the broker said."""


class Broker:
    """A running broker; `url` is what clients connect to, `kind` the engine, `log_path` its log. Use `start()`."""

    def __init__(self, kind: str, port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.kind, self.url = kind, f"mqtt://127.0.0.1:{port}"
        self.log_path = folder / "broker.log"
        self._process, self._folder = process, folder

    @property
    def running(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it at once and without order, as a crash would."""
        _kill(self._process)

    def stop(self) -> None:
        """End the process and remove its files; may be called again."""
        _end(self._process)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Broker:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def find_mosquitto() -> str | None:
    """The mosquitto executable, also where Debian puts it outside a user's PATH."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")


def start(kind: Kind = "auto", port: int = 0) -> Broker:
    """Start a broker on 127.0.0.1 and return when it accepts connections; `port` 0 chooses a free one.

    Raises BrokerError when no broker is installed or it does not start.
    """
    chosen = _choose(kind)
    for attempt in range(_ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix="motet-broker-"))
        try:
            return _start_once(chosen, port or _free_port(), folder)
        except BrokerError:
            shutil.rmtree(folder, ignore_errors=True)
            if port or attempt == _ATTEMPTS - 1:
                raise
    raise AssertionError("the loop returns or raises")


def _choose(kind: Kind) -> str:
    if kind != "amqtt" and find_mosquitto():
        return "mosquitto"
    if kind != "mosquitto" and find_spec("amqtt"):
        return "amqtt"
    names = {"mosquitto": "sudo apt-get install mosquitto", "amqtt": "pip install 'motet[broker]'"}
    advice = " or: ".join(command for name, command in names.items() if kind in ("auto", name))
    raise BrokerError(f"there is no MQTT broker ({kind}); install one: {advice}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start_once(kind: str, port: int, folder: Path) -> Broker:
    with (folder / "broker.log").open("wb") as log:
        process = subprocess.Popen(
            _command(kind, port, folder), stdin=subprocess.PIPE, stdout=log, stderr=log, cwd=folder, start_new_session=True
        )
    try:
        _wait_ready(process, port, folder)
    except BaseException:
        _end(process)
        raise
    return Broker(kind, port, process, folder)


def _command(kind: str, port: int, folder: Path) -> list[str]:
    watched = ["/bin/sh", "-c", _WATCH, "motet-broker"]
    if kind == "amqtt":
        return [*watched, sys.executable, "-m", "motet.bus.amqtt_child", str(port)]
    config = folder / "mosquitto.conf"
    config.write_text(_CONFIG.format(port=port))
    return [*watched, str(find_mosquitto()), "-c", str(config)]


def _wait_ready(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    started = time.monotonic()
    while (waited := time.monotonic() - started) < _START_S:
        if process.poll() is not None:
            raise BrokerError(f"the broker ended at once: {_last_words(folder)}")
        # Another program may listen on the port: only the broker itself knows that it got it. One that
        # words it otherwise is believed when it is still there after a while.
        if b" running" in (folder / "broker.log").read_bytes() or (waited > _SETTLE_S and _listens(port)):
            return
        time.sleep(0.01)
    raise BrokerError(f"the broker did not listen on port {port} within {_START_S:g} s: {_last_words(folder)}")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _last_words(folder: Path) -> str:
    lines = (folder / "broker.log").read_text(errors="replace").strip().splitlines()
    return " / ".join(lines[-3:]) or "it said nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    # The process leads a group of its own, which ends with the last of its members.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
