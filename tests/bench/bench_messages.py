#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a message from one device to another costs a gateway: CPU of this process, which holds the gateway's router, its fleet and
both devices, so that the figure is more than the gateway's own. Prints one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/unit")]

from test_gateway_messages import world  # noqa: E402

# As many as a device may say at once.
MESSAGES = 90


class Heard(list[Any]):
    """What a device hears, and word of it."""

    def __init__(self) -> None:
        super().__init__()
        self.news = asyncio.Event()

    def append(self, item: Any) -> None:
        super().append(item)
        self.news.set()


async def microseconds() -> float:
    async with world() as system:
        speaker = await system.device("speaker")
        listener = await system.device("listener", [("comp", "room/+")])
        listener.heard = heard = Heard()
        start = time.process_time()
        async with asyncio.timeout(60):
            for number in range(MESSAGES):
                heard.news.clear()
                speaker.say(topic=f"room/{number}")
                await heard.news.wait()
        return (time.process_time() - start) / MESSAGES * 1e6


def main() -> None:
    print(json.dumps({"cpu_us": round(min(asyncio.run(microseconds()) for _ in range(3)), 1)}))


if __name__ == "__main__":
    main()
