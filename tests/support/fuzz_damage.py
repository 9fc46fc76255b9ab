# SPDX-License-Identifier: Apache-2.0
"""Damage to JSON trees and to bytes, as a random number generator has it."""

from __future__ import annotations

import random
from typing import Any

ODD: list[Any] = [
    None, True, False, 0, -1, 1.5, 2**31, 2**63, 2**70, -(2**80), 10**400, "", "x", "x" * 5000, "\ud800", "\x00", "\u202e", [],
    [1, [2]], {}, {"": ""}, {"a": {}}, {"$ref": "#"}, "2026-07-28", "2025-11-25", "1999-01-01", "tools/call", "initialize",
]  # fmt: skip
TOKENS = [
    b'"', b"{", b"}", b"[", b"]", b",", b":", b"\\u", b"\\ud800", b"1e999", b"NaN", b"-0", b"null", b"\xff", b"\xed\xa0\x80",
    b"\0",
]  # fmt: skip
NAMED = ["id", "method", "params", "_meta", "cursor", "name", "requestState", "inputResponses", "task"]


def changed(rng: random.Random, node: Any, odd: list[Any]) -> Any:
    """The same structure with some part replaced, removed or added."""
    if isinstance(node, list) and node:
        at = rng.randrange(len(node))
        return [*node[:at], changed(rng, node[at], odd), *node[at + 1 :]]
    if not isinstance(node, dict) or not node or rng.random() < 0.15:
        return rng.choice(odd)
    out, key = dict(node), rng.choice(sorted(node))
    match rng.randrange(5):
        case 0:
            del out[key]
        case 1:
            out[rng.choice(NAMED)] = rng.choice(odd)
        case _:
            out[key] = changed(rng, out[key], odd)
    return out


def damaged(rng: random.Random, data: bytes) -> bytes:
    """Some bytes changed, lost, doubled, put in, or everything from some place on gone."""
    made = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(made) + 1)
        match rng.randrange(7):
            case 0 if at < len(made):
                made[at] = rng.randrange(256)
            case 1 if at < len(made):
                made[at] ^= 1 << rng.randrange(8)
            case 2:
                del made[at : at + rng.randint(1, 20)]
            case 3:
                made[at:at] = rng.randbytes(rng.randint(1, 8))
            case 4:
                made[at:at] = rng.choice(TOKENS)
            case 5:
                made[at:at] = made[at : at + rng.randint(1, 40)]
            case 6 if rng.random() < 0.3:
                del made[at:]
    return bytes(made)
