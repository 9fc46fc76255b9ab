# SPDX-License-Identifier: Apache-2.0
"""Runs a program on untrusted input in a child process with hard limits on time, memory, files and open handles."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """``seconds`` bounds both CPU and wall-clock time (the latter with a margin for a busy machine)."""

    seconds: int = 5
    memory: int = 2 << 30
    output: int = 1 << 20

    @property
    def timeout(self) -> float:
        """Wall-clock seconds before the child is killed."""
        return self.seconds * 4.0


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
    child = subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/", env=_environment()
    )
    with child:
        try:
            _confine(child.pid, bounds)
            output, errors = child.communicate(data, bounds.timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            return Outcome(None, b"", "")
        except BaseException:
            child.kill()
            raise
    if len(output) > bounds.output:
        return Outcome(child.returncode or 1, b"", f"more than {bounds.output} bytes of output")
    return Outcome(child.returncode, output, errors.decode("utf-8", "replace")[-2000:])


def run_python(module: str, data: bytes, bounds: Bounds) -> Outcome:
    """``run`` for a module of this package, in a fresh interpreter with the import path of this process."""
    return run([sys.executable, "-B", "-P", "-s", "-m", module], data, bounds)


def _environment() -> dict[str, str]:
    # Nothing of the parent's environment: it may hold secrets.
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def _confine(pid: int, bounds: Bounds) -> None:
    limits = {
        resource.RLIMIT_AS: bounds.memory,
        resource.RLIMIT_CPU: bounds.seconds,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, limit in limits.items():
        _, hard = resource.prlimit(pid, kind)
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.prlimit(pid, kind, (most, most))
