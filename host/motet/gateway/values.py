# SPDX-License-Identifier: Apache-2.0
"""Values that one side can say and the other cannot take.

JSON has no text for NaN and infinity, yet Python writes `NaN`, and the reader refuses the whole message; a sensor without
a value is NaN. A client's JSON may hold numbers, text and depths that do not fit a device's message.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

from motet_core.cbor import MAX_DEPTH

_LEAST, _MOST = -(1 << 64), (1 << 64) - 1


def finite(value: Any) -> Any:
    """`value` with null for numbers that are not finite, as JavaScript's JSON.stringify does."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return value


def typed(content: Any) -> bool:
    """Whether each block of content says what it is: the SDK takes one that does not for text here, and for nothing later."""
    return all(isinstance(block, dict) and isinstance(block.get("type"), str) for block in content)


def unsendable(value: Any, path: str = "", depth: int = 0) -> tuple[str, str] | None:
    """(where, what is wrong) for the first part of `value` that no device can be sent, such as ("levels[2].x",
    "is not a finite number"); None when all can."""
    if isinstance(value, dict | list):
        if depth == MAX_DEPTH:
            return path, "is nested too deeply"
        return next((found for where, item in _parts(value, path) if (found := unsendable(item, where, depth + 1))), None)
    what = _wrong(value)
    return None if what is None else (path, what)


def amount(value: Any) -> int:
    """How many values `value` is made of, itself and containers included."""
    pending, count = [value], 1
    while pending:
        node = pending.pop()
        inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
        count += len(inner)
        pending.extend(inner)
    return count


def _parts(value: dict[str, Any] | list[Any], path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        return ((f"{path}[{index}]", item) for index, item in enumerate(value))
    return ((f"{path}.{key}" if path else key, item) for key, item in value.items())


def _wrong(value: Any) -> str | None:
    if isinstance(value, float):
        return None if isfinite(value) else "is not a finite number"
    if isinstance(value, int):
        return None if _LEAST <= value <= _MOST else "is an integer beyond 64 bits"
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return "is not Unicode text"
    return None
