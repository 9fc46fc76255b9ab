#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A hundred thousand damaged MCP messages over HTTP and as many of hostile devices over MQTT, against one gateway process.

Meanwhile somebody else uses the gateway. Prints one JSON object and exits with 1 when the gateway ended, answered with a
status of 5xx, not at all or with anything but a typed error or a valid result, wrote a failure to its log, or showed anybody
what belongs to another caller.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.fuzz_report import faults
from tests.support.fuzz_world import FuzzWorld

WARM_UP = 0.1


async def soak(folder: Path, count: int, seed: int) -> dict[str, Any]:
    world, start = FuzzWorld(folder, seed), time.monotonic()
    async with world.running():
        memory: list[int] = []
        for share in (WARM_UP, 1 - WARM_UP):
            await world.under_fire(int(count * share))
            memory.append(world.gateway.rss() if world.gateway.running else 0)
        return {
            **await world.outcome(),
            "rss_mb": [round(one / 1e6, 1) for one in memory],
            "rss_growth": round(memory[1] / max(1, memory[0]) - 1, 4),
            "seconds": round(time.monotonic() - start, 1),
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=100_000, help="messages over HTTP, and over MQTT")
    parser.add_argument("--seed", type=int, default=20260728)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="motet-soak-") as folder:
        result = uvloop.run(soak(Path(folder), options.count, options.seed))
    print(json.dumps(result))
    return int(bool(faults(result)))


if __name__ == "__main__":
    sys.exit(main())
