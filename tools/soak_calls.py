#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Thousands of inferences on an emulated board over a damaged serial line; every answer is compared with this machine's engine.

Prints one JSON object and exits with 1 when a call was not answered or answered wrongly.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from mcp import Client
from motet_native import nn
from tests.support.emulated import DEVICE, World, world
from tests.support.noisy import Faults

from motet.cli.demo import unseen_digits
from motet.paths import data


def expectations(images: list[bytes]) -> list[list[int]]:
    """What the engine of this machine answers."""
    model = nn.Model((data("models") / "digits" / "digits.tflite").read_bytes())
    return [[value - 256 if value > 127 else value for value in model.predict([image])[0]] for image in images]


async def one(client: Client, image: bytes, expected: list[int]) -> str:
    """`right`, `wrong` or the name of what went wrong."""
    arguments = {"model": "digits", "input": base64.b64encode(image).decode()}
    try:
        result = await client.call_tool(f"{DEVICE}.models.predict", arguments)
    except Exception as error:
        return type(error).__name__
    return "right" if (result.structured_content or {}).get("outputs") == [expected] else "wrong"


async def soak(system: World, calls: int, at_once: int) -> Counter[str]:
    """Outcomes of `calls` inferences, `at_once` of them in flight."""
    images, _labels = unseen_digits(500)
    expected, numbers, outcomes = expectations(images), iter(range(calls)), Counter[str]()

    async def worker(client: Client) -> None:
        for number in numbers:
            outcomes[await one(client, images[number % 500], expected[number % 500])] += 1

    async with system.client() as client:
        await asyncio.gather(*(worker(client) for _ in range(at_once)))
    return outcomes


async def run(options: argparse.Namespace) -> dict[str, Any]:
    async with world() as system:
        await system.equip()
        system.relay.faults = Faults(bit=options.bit, lose=options.lose)
        start = time.monotonic()
        outcomes = await soak(system, options.calls, options.at_once)
        seconds = round(time.monotonic() - start, 1)
        damage = {"flipped_bits": system.relay.flipped, "lost_bytes": system.relay.lost}
    return {"board": "stm32f405 (emulated)", "calls": options.calls, "outcomes": dict(outcomes), "seconds": seconds, **damage}


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--at-once", type=int, default=3, help="calls in flight")
    parser.add_argument("--bit", type=float, default=1e-4, help="bit error rate")
    parser.add_argument("--lose", type=float, default=0.0, help="chance of a byte to be lost")
    result = asyncio.run(run(parser.parse_args()))
    print(json.dumps(result))
    return int(result["outcomes"] != {"right": result["calls"]})


if __name__ == "__main__":
    sys.exit(main())
