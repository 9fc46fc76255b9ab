# SPDX-License-Identifier: Apache-2.0
"""Runs a program on untrusted input in a child process with hard limits on time, memory, files and open handles."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from motet.sandbox_nursery import limits

_ERRORS = 64 * 1024
# An interpreter that takes modules from where this process has them, and nothing from the user's own folders.
PYTHON = [sys.executable, "-B", "-P", "-s", "-m"]


@dataclass(frozen=True)
class Bounds:
    """What a child may use: CPU ``seconds``, ``timeout`` seconds by the clock, bytes of ``memory`` and of ``output``."""

    seconds: int = 5
    timeout: float = 30.0
    memory: int = 2 << 30
    output: int = 1 << 20


@dataclass(frozen=True)
class Outcome:
    """How a child ended; ``status`` is negative when a signal ended it, None when time ran out."""

    status: int | None
    output: bytes
    errors: str

    @property
    def how(self) -> str:
        """One phrase for a message."""
        if self.status is None:
            return "did not end in time"
        if self.status < 0:
            return f"was killed by signal {-self.status}"
        return f"ended with status {self.status}"


def run(arguments: list[str], data: bytes, bounds: Bounds) -> Outcome:
    """Feeds ``data`` to a fresh process and collects what it says. Raises OSError when the program cannot be started.

    The input is written only after the limits are in force, so nothing untrusted is read without them.
    """
    pipe = subprocess.PIPE
    child = subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=pipe, cwd="/", env=environment())
    late = threading.Event()
    timer = threading.Timer(bounds.timeout, _expire, (child, late))
    with child, ThreadPoolExecutor(2) as pool:
        try:
            _confine(child.pid, bounds)
            timer.daemon = True
            timer.start()
            errors = pool.submit(_read, child.stderr, _ERRORS, child)
            pool.submit(_feed, child.stdin, data)
            output = _read(child.stdout, bounds.output, child)
            child.wait()
        finally:
            timer.cancel()
            child.kill()
    text = errors.result().decode("utf-8", "replace")
    return Outcome(None if late.is_set() else child.returncode, output, text[-2000:])


def run_python(module: str, data: bytes, bounds: Bounds) -> Outcome:
    """``run`` for a module of this package, in a fresh interpreter with the import path of this process."""
    return run([*PYTHON, module], data, bounds)


def _expire(child: subprocess.Popen[bytes], late: threading.Event) -> None:
    late.set()
    child.kill()


def _feed(pipe: IO[bytes] | None, data: bytes) -> None:
    # A child that ends without reading everything is judged by its answer.
    if pipe is not None:
        with suppress(BrokenPipeError), pipe:
            pipe.write(data)


def _read(pipe: IO[bytes] | None, most: int, child: subprocess.Popen[bytes]) -> bytes:
    """Everything the child writes; one that writes more than ``most`` bytes is killed and its output dropped."""
    data = pipe.read(most + 1) if pipe is not None else b""
    if len(data) <= most:
        return data
    child.kill()
    return b""


def environment() -> dict[str, str]:
    """Nothing of this process's own, which may hold secrets. One thread is enough for small inputs and keeps limits simple."""
    fixed = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "BINARYEN_CORES": "1"}
    return {**fixed, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}


def _confine(pid: int, bounds: Bounds) -> None:
    for kind, limit in limits(bounds.seconds, bounds.memory).items():
        _, hard = resource.prlimit(pid, kind)
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.prlimit(pid, kind, (most, most))
