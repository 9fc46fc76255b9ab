# SPDX-License-Identifier: Apache-2.0
"""Numbers that JSON has no text for. Python writes them all the same (`NaN`), and the reader then refuses the whole message.

Devices have them: a sensor without a value is NaN. Clients can send them: 1e400 is valid JSON and infinite.
"""

from __future__ import annotations

from math import isfinite
from typing import Any


def finite(value: Any) -> Any:
    """`value` with null for numbers that are not finite, as JavaScript's JSON.stringify does."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return value


def not_finite(value: Any, path: str = "") -> str | None:
    """Where in `value` the first number is that is not finite: `levels[2].x`; None when there is none."""
    if isinstance(value, float):
        return None if isfinite(value) else path
    if isinstance(value, dict):
        parts = ((f"{path}.{key}" if path else key, item) for key, item in value.items())
    elif isinstance(value, list):
        parts = ((f"{path}[{index}]", item) for index, item in enumerate(value))
    else:
        return None
    return next((found for where, item in parts if (found := not_finite(item, where)) is not None), None)
