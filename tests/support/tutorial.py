# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/tutorial.md, as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

TUTORIAL = Path(__file__).resolve().parents[2] / "docs/tutorial.md"
_TIMEOUT_S = 300


@dataclass(frozen=True)
class Done:
    """One block of commands: what it printed and how many seconds it took."""

    output: str
    seconds: float


def blocks() -> list[str]:
    """What a reader types in the second terminal, block by block."""
    return re.findall(r"^```sh\n(.*?)^```$", TUTORIAL.read_text("utf-8"), re.M | re.S)


def follow(folder: Path) -> list[Done]:
    """Types all of it, in the folder of a running system. Raises AssertionError with what a block said when it failed."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = []
    for block in blocks():
        start = time.monotonic()
        command = ["bash", "-euo", "pipefail", "-c", block]
        ended = subprocess.run(
            command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=_TIMEOUT_S
        )
        assert ended.returncode == 0, f"{block}\n{ended.stdout}\n{ended.stderr}"
        done.append(Done(ended.stdout, time.monotonic() - start))
    return done
