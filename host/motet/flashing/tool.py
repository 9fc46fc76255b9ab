# SPDX-License-Identifier: Apache-2.0
"""Running the programs that talk to a part. They are always processes of their own, never imported."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from motet.flashing.errors import FlashError, Reason

_PATIENCE_S = 5.0
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# Their output is read by this program: no colours, no wrapping.
_SURROUNDINGS = {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "200", "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1"}


def find(name: str, how: str) -> str:
    """Path of the program, in this Python's environment or on PATH. Raises FlashError saying `how` to get it."""
    beside = Path(sys.executable).parent
    found = shutil.which(name, path=str(beside)) or shutil.which(name)
    if found is None:
        raise FlashError(Reason.TOOL, f"{name} is missing; {how}")
    return found


def run(command: list[str], on_line: Callable[[str], None] = lambda line: None, timeout: float | None = None) -> tuple[int, str]:
    """Run it, telling each line of its output as it comes; returns its exit code and everything it wrote.

    However this ends (Ctrl-C included) the program has ended, too. Raises FlashError when it cannot be started, or has not
    ended after `timeout` seconds, said something or not.
    """
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_SURROUNDINGS},
        )
    except OSError as error:
        raise FlashError(Reason.TOOL, f"{command[0]} cannot be started: {error.strerror}") from error
    lines, end = [], None if timeout is None else time.monotonic() + timeout
    try:
        assert process.stdout
        for line in _lines(process.stdout, end):
            lines.append(line)
            on_line(line)
        return process.wait(_left(end)), "\n".join(lines)
    except (TimeoutError, subprocess.TimeoutExpired) as error:
        raise FlashError(Reason.FAILED, f"{command[0]} does not end; is the probe or the part stuck? Plug it in anew") from error
    finally:
        _end(process)


def last_words(output: str) -> str:
    """The last line that says something, for a message."""
    return next((line for line in reversed(output.split("\n")) if line.strip()), "it said nothing").strip()


def _left(end: float | None) -> float | None:
    return None if end is None else max(0.0, end - time.monotonic())


def _lines(stream: IO[bytes], end: float | None) -> Iterator[str]:
    """Lines ended by LF, CR or both: progress is written over itself. Raises TimeoutError at `end`."""
    rest = b""
    while data := _read(stream, end):
        *whole, rest = re.split(rb"\r\n|\n|\r", rest + data)
        yield from (_plain(line) for line in whole)
    if rest:
        yield _plain(rest)


def _read(stream: IO[bytes], end: float | None) -> bytes:
    if not select.select([stream], [], [], _left(end))[0]:
        raise TimeoutError
    return os.read(stream.fileno(), 4096)


def _plain(line: bytes) -> str:
    return _ESCAPES.sub("", line.decode("utf-8", "replace")).rstrip()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_S)
    if process.poll() is None:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
