# SPDX-License-Identifier: Apache-2.0
"""Running the programs that talk to a part. They are always processes of their own, never imported."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
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

    However this ends (Ctrl-C included) the program has ended, too. Raises FlashError when it cannot be started or hangs.
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
    lines = []
    try:
        assert process.stdout
        for line in _lines(process.stdout):
            lines.append(line)
            on_line(line)
        return process.wait(timeout), "\n".join(lines)
    except subprocess.TimeoutExpired as error:
        raise FlashError(Reason.FAILED, f"{command[0]} does not end") from error
    finally:
        _end(process)


def last_words(output: str) -> str:
    """The last line that says something, for a message."""
    return next((line for line in reversed(output.split("\n")) if line.strip()), "it said nothing").strip()


def _lines(stream: IO[bytes]) -> Iterator[str]:
    """Lines ended by LF, CR or both: progress is written over itself."""
    rest = b""
    while data := os.read(stream.fileno(), 4096):
        *whole, rest = re.split(rb"\r\n|\n|\r", rest + data)
        yield from (_plain(line) for line in whole)
    if rest:
        yield _plain(rest)


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
