# SPDX-License-Identifier: Apache-2.0
"""Looks into a ``.tflite`` file with the very engine the devices run, in a confined child process.

A model comes from outside, so nothing in this process parses it. The reference interpreter is not asked: what matters is whether
the device engine takes the model and how much memory it then needs.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import cbor2

from motet import sandbox

KIND = "model"
# Devices read a model in place from the heap; larger ones do not fit any supported board.
MAX_BYTES = 512 * 1024
_BOUNDS = sandbox.Bounds(seconds=20)
_CHILD = "motet.models.inspection_child"
_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_MAX_NAME = 31


class ModelError(Exception):
    """A model cannot be used; the message names it and says why."""


@dataclass(frozen=True)
class Tensor:
    """An input or output: dtype as in numpy; real value = (stored - zero_point) * scale."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int


@dataclass(frozen=True)
class Model:
    """A model the device engine has loaded and run once on zeros. ``arena_bytes`` is what it needs beside its own bytes."""

    name: str
    revision: int
    data: bytes
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    arena_bytes: int
    operators: tuple[str, ...]

    @property
    def artifact(self) -> bytes:
        """What goes to a device: the file itself."""
        return self.data

    @property
    def digest(self) -> bytes:
        """SHA-256 of the artifact."""
        return hashlib.sha256(self.data).digest()


def check_name(name: str) -> str:
    """``name`` if a device can hold a model under it; raises ModelError otherwise."""
    if len(name) > _MAX_NAME or not _NAME.fullmatch(name):
        raise ModelError(f"{name[:40]!r} is not a model's name: a-z, 0-9, - and _, at most {_MAX_NAME}, a letter first")
    return name


def inspect(data: bytes, name: str, revision: int = 1) -> Model:
    """The model's facts. Raises ModelError when it is no model, too large or the device engine refuses it.

    Starts a child process: call it in a thread from a coroutine.
    """
    check_name(name)
    if len(data) > MAX_BYTES:
        raise ModelError(f"model {name}: {len(data)} bytes, at most {MAX_BYTES} are accepted")
    if data[4:8] != b"TFL3":
        raise ModelError(f"model {name}: this is not a TensorFlow Lite file (TFL3 is missing at byte 4)")
    facts = _ask(data, name)
    if "refused" in facts:
        raise ModelError(f"model {name}: the device engine refuses it: {facts['refused']}")
    inputs, outputs = _tensors(facts["inputs"]), _tensors(facts["outputs"])
    return Model(name, revision, data, inputs, outputs, facts["arena_bytes"], tuple(facts["operators"]))


def _tensors(rows: list[list[Any]]) -> tuple[Tensor, ...]:
    return tuple(Tensor(name, tuple(shape), dtype, scale, zero) for name, shape, dtype, scale, zero in rows)


def _ask(data: bytes, name: str) -> dict[str, Any]:
    done = sandbox.run_python(_CHILD, data, _BOUNDS)
    if done.status != 0:
        detail = (done.errors.strip().splitlines() or ["no word"])[-1][:300]
        raise ModelError(f"model {name}: the process that loads it {done.how}: {detail}")
    facts: dict[str, Any] = cbor2.loads(done.output)
    return facts
