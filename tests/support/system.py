# SPDX-License-Identifier: Apache-2.0
"""`motet up` as a process of its own, as a user starts it, and the other commands talking to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

MOTET = [sys.executable, "-m", "motet.cli"]
START_S, STOP_S = 60, 20


def processes() -> list[tuple[int, int, str, str]]:
    """Process id, parent's id, state and command line of everything that runs."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True)
    lines = (line.split(None, 3) for line in listed.stdout.splitlines())
    return [(int(pid), int(parent), state, line) for pid, parent, state, line in lines]


def descendants(root: int) -> list[int]:
    """Children of `root` and theirs. They have sessions of their own: only their parents tell whose they are."""
    parents = {pid: parent for pid, parent, _, _ in processes()}
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


class System:
    """A running `motet up`; a context manager."""

    def __init__(self, folder: Path, *arguments: str, config: str = "") -> None:
        (folder / "motet.toml").write_text(config or "[gateway]\nport = 0\n")
        self.folder = folder
        self._arguments = arguments
        self.errors = folder / "up.err"
        self._family: list[int] = []

    @property
    def key(self) -> Path:
        """The private key that the quick start made and trusts."""
        return self.folder / ".motet" / "keys" / "local.pem"

    def __enter__(self) -> System:
        command = self._command()
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                command, cwd=self.folder, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(STOP_S)
            raise AssertionError(f"motet up did not start: {self.errors.read_text()}")
        self.facts: dict[str, Any] = json.loads(line)
        return self

    def _command(self) -> list[str]:
        return [*MOTET, "up", "--json", *self._arguments]

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to end; its exit status."""
        self._family = descendants(self.process.pid)
        self.process.send_signal(number)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise AssertionError(f"motet up did not stop: {self.errors.read_text()}") from None

    def left_behind(self) -> list[str]:
        """Command lines of the processes it had started before stop() that are still there."""
        return [line for pid, _, state, line in processes() if pid in self._family and not state.startswith("Z")]

    def run(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Another command, in the same folder."""
        return subprocess.run([*MOTET, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=timeout)

    def json(self, *arguments: str) -> Any:
        """What `arguments --json` prints; the command must succeed."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return json.loads(done.stdout.splitlines()[-1])
