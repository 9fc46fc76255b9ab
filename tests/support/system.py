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
# The private broker's watchdog and QEMU are children of children: the session tells what `up` left behind.
START_S, STOP_S = 60, 20


class System:
    """A running `motet up`; a context manager."""

    def __init__(self, folder: Path, *arguments: str, config: str = "") -> None:
        (folder / "motet.toml").write_text(config or "[gateway]\nport = 0\n")
        self.folder = folder
        self._arguments = arguments
        self.errors = folder / "up.err"

    def __enter__(self) -> System:
        command = [*MOTET, "up", "--json", *self._arguments]
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

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()

    def stop(self, number: int = signal.SIGINT) -> int:
        """Ask it to end; its exit status."""
        self.process.send_signal(number)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise AssertionError(f"motet up did not stop: {self.errors.read_text()}") from None

    def left_behind(self) -> list[str]:
        """Command lines of processes of its session that are still there."""
        listed = subprocess.run(["ps", "-o", "args=", "-s", str(self.process.pid)], capture_output=True, text=True)
        return listed.stdout.splitlines()

    def run(self, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Another command, in the same folder."""
        return subprocess.run([*MOTET, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=timeout)

    def json(self, *arguments: str) -> Any:
        """What `arguments --json` prints; the command must succeed."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return json.loads(done.stdout.splitlines()[-1])
