# SPDX-License-Identifier: Apache-2.0
"""What other processes cost: CPU time and memory, as Linux tells them."""

from __future__ import annotations

import time
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads in nanosecond resolution (clock_getcpuclockid(3) describes the clock id)."""
    return time.clock_gettime((~pid << 3) | 2)


def memory(pid: int, what: str = "VmRSS") -> int:
    """Bytes of resident memory at present (VmRSS) or at most so far (VmHWM), proc(5)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name == what:
            return int(rest.split()[0]) * 1024
    raise ValueError(f"process {pid} has no {what}")
