# SPDX-License-Identifier: Apache-2.0
"""The Canonical ABI in C against its Python twin and wasmtime's component API, on random types and values.

All three run the same core module (see tests/support/abi_guests.py), so that not only values but the very bytes and core values
that the guest sees must be equal.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
import wasmtime
from tests.support import abi_random
from tests.support.abi_engines import Broken, Native, Twin, Wasmtime
from tests.support.abi_guests import PADDING

TYPES, VALUES = 320, 32
PARTS = 8


@pytest.fixture(scope="module")
def engine() -> wasmtime.Engine:
    return wasmtime.Engine()


def outcome(guest: Native | Twin | Wasmtime, data: bytes) -> tuple[str, Any]:
    try:
        return "value", guest.call("parse", data)
    except Broken:
        return "broken", None


def damaged(rng: random.Random, data: bytes) -> bytes:
    """The same with one to three bits flipped."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def check_value(guests: tuple[Native, Twin, Wasmtime], rng: random.Random, value: Any) -> None:
    native, _, reference = guests
    for guest in guests:
        guest.renew()
    assert abi_random.same(native.call("echo", value), value)
    assert abi_random.same(reference.call("echo", value), value)
    for guest in guests:
        guest.renew()
    flat = [guest.call("flat", value) for guest in guests]
    assert flat == flat[:1] * 3
    stored = [guest.call("stored", value, *[0] * len(PADDING)) for guest in guests]
    assert stored == stored[:1] * 3
    for data in (stored[0], damaged(rng, stored[0])):
        outcomes = [outcome(guest, data) for guest in guests]
        assert all(abi_random.same(outcomes[0], other) for other in outcomes[1:]), (data, outcomes)
        if outcomes[0][0] == "broken":
            break


@pytest.mark.parametrize("part", range(PARTS))
def test_three_implementations_agree_on_every_byte(part: int, engine: wasmtime.Engine) -> None:
    for number in range(part, TYPES, PARTS):
        rng = random.Random(f"types {number}")
        kind = abi_random.random_type(rng)
        guests = (Native(kind), Twin(kind), Wasmtime(kind, engine))
        for _ in range(VALUES):
            value = abi_random.random_value(rng, kind)
            try:
                check_value(guests, rng, value)
            except AssertionError as error:
                raise AssertionError(f"type {number}: {kind}\nvalue: {value!r}\n{error}") from error
