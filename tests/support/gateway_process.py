# SPDX-License-Identifier: Apache-2.0
"""The gateway as users start it, for long runs: its process, its memory, and what its log must not hold."""

from __future__ import annotations

import json
from pathlib import Path

import psutil
from tests.support.system import System

from motet.config import Limits
from motet.emulate.process import dying_with_parent

# One caller is the whole load here. Sessions stay limited: each takes memory until it ends.
_LIMITED = {"devices", "sessions", "caller_sessions"}
UNLIMITED = "[limits]\n" + "".join(f"{name} = {value}\n" for name, value in Limits.none().model_dump(exclude=_LIMITED).items())
GATEWAY = "[gateway]\nport = 0\n" + UNLIMITED


class GatewayProcess(System):
    """`motet up` with a private broker; a context manager."""

    def __init__(self, folder: Path, config: str = GATEWAY) -> None:
        super().__init__(folder, config=config)

    def _command(self) -> list[str]:
        # A long run may be killed: nothing of it stays.
        return dying_with_parent(super()._command())

    @property
    def url(self) -> str:
        """Its MCP endpoint."""
        return str(self.facts["url"])

    @property
    def base(self) -> str:
        """Its URL without a path."""
        return self.url.removesuffix("/mcp")

    @property
    def port(self) -> int:
        """Of its HTTP server."""
        return int(self.url.rpartition(":")[2].partition("/")[0])

    @property
    def broker(self) -> str:
        """The broker's URL."""
        return str(self.facts["broker"])

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self.process.poll() is None

    def rss(self) -> int:
        """Bytes of memory that the process has, without its children's."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def cpu_s(self) -> float:
        """Seconds of CPU time that the process has used."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def failures(self) -> list[str]:
        """Lines of its log that no input may cause: errors, and whatever holds a traceback."""
        return [line for line in self.errors.read_text(errors="replace").splitlines() if _is_failure(line)]


def _is_failure(line: str) -> bool:
    try:
        record = json.loads(line)
    except ValueError:
        # Not the log's: a warning of the interpreter, or its last words.
        return bool(line.strip()) and not line.startswith(("broker ", "stopping"))
    return record.get("level") in ("error", "critical") or "exception" in record
