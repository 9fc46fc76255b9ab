# SPDX-License-Identifier: Apache-2.0
"""What `motet demo` measures: digits nobody trained on, classified on the emulated part, smoothed by a component there."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from motet_native import nn

from motet.bus import Bus
from motet.cli.console import FatalError
from motet.cli.quickstart import COMPONENT, MODEL, Visitor, visiting
from motet.cli.stack import Running
from motet.paths import data
from motet.wire import Topics, packed

Say = Callable[[str], None]
# The split of models/digits/train.py: the model saw the first 1,297 images of this permutation.
TRAINING_IMAGES = 1297
SPLIT_SEED = 0


def unseen_digits(count: int) -> tuple[list[bytes], list[int]]:
    """`count` images of scikit-learn's digits from the test part of the split, quantised for the model, and their labels.

    Raises:
        FatalError: scikit-learn is not installed, or there are not that many.
    """
    try:
        import numpy as np
        from sklearn.datasets import load_digits
    except ImportError:
        raise FatalError("the demo's images come with scikit-learn; install it with: pip install scikit-learn") from None
    digits = load_digits()
    chosen = np.random.default_rng(SPLIT_SEED).permutation(len(digits.target))[TRAINING_IMAGES:][:count]
    if len(chosen) < count:
        raise FatalError(f"there are {len(chosen)} unseen digits, not {count}")
    model = nn.Model((data("models") / MODEL / f"{MODEL}.tflite").read_bytes())
    _name, _shape, _dtype, scale, zero_point = model.inputs[0]
    # The model's real-valued input is the pixel, 0 to 16, as a share of 16.
    quantised = np.clip(np.round(digits.images[chosen] / 16 / scale) + zero_point, -128, 127).astype(np.int8)
    return [image.tobytes() for image in quantised], [int(label) for label in digits.target[chosen]]


class WireMeter:
    """Sizes of the tools/call messages of one device on the broker, in bytes. Made by listening there."""

    def __init__(self) -> None:
        self.requests: list[int] = []
        self.replies: list[int] = []
        self._ids: set[Any] = set()

    async def listen(self, bus: Bus, topics: Topics, device: str, gateway: str) -> None:
        """Subscribe to both directions."""
        await bus.subscribe(topics.requests(device), self._request)
        await bus.subscribe(topics.replies(gateway, device), self._reply)

    def _request(self, _topic: str, payload: bytes) -> None:
        message = packed.loads(payload)[0]
        if message.get("method") == "tools/call":
            self._ids.add(message["id"])
            self.requests.append(len(payload))

    def _reply(self, _topic: str, payload: bytes) -> None:
        if packed.loads(payload)[0].get("id") in self._ids:
            self.replies.append(len(payload))


async def run(running: Running, device: str, realm: str, count: int, say: Say) -> dict[str, Any]:
    """Feed `count` unseen digits to `device`; returns the figures of the demo.

    Raises:
        FatalError: the device failed a call or the images are missing.
    """
    images, labels = unseen_digits(count)
    bus = await Bus.connect(running.broker_url, "demo-meter")
    meter = WireMeter()
    try:
        await meter.listen(bus, Topics(realm), device, running.fleet.gateway_id)
        async with visiting(running.url, device) as visitor:
            tools = await visitor.tools()
            answers, elapsed = await _classify(visitor, images, say)
            votes = [await visitor.call(f"{COMPONENT}.push", {"label": answer["class"]}) for answer in answers[-5:]]
    finally:
        await bus.close()
    emulator = running.emulators[device]
    return {
        "board": emulator.board.name,
        "emulator": "qemu",
        "tools": tools,
        "images": count,
        **_score(answers, labels),
        "instructions_per_inference": _instructions(answers),
        "wire_bytes_request": round(median(meter.requests[:count])),
        "wire_bytes_response": round(median(meter.replies[:count])),
        "component": COMPONENT,
        "component_result": votes[-1],
        "round_trip_ms_p50": round(median(elapsed) * 1000, 2),
    }


async def _classify(visitor: Visitor, images: Sequence[bytes], say: Say) -> tuple[list[dict[str, Any]], list[float]]:
    answers, elapsed = [], []
    for index, image in enumerate(images, 1):
        start = time.perf_counter()
        answers.append(await visitor.call("models.predict", {"model": MODEL, "input": base64.b64encode(image).decode()}))
        elapsed.append(time.perf_counter() - start)
        if index % 25 == 0:
            say(f"{index} of {len(images)} digits classified on {visitor.device}")
    return answers, elapsed


def _score(answers: Sequence[dict[str, Any]], labels: Sequence[int]) -> dict[str, Any]:
    correct = sum(answer["class"] == label for answer, label in zip(answers, labels, strict=True))
    return {"correct": correct, "accuracy": correct / len(labels)}


def _instructions(answers: Sequence[dict[str, Any]]) -> int:
    """Median per inference: as the part counted them, else its nanoseconds: under -icount shift=0 they are instructions."""
    return round(median(int(answer.get("instructions", answer["elapsed_ns"])) for answer in answers))
