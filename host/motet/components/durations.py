# SPDX-License-Identifier: Apache-2.0
"""Spans of time in ``Component.toml``, written like ``250ms``, ``1s``, ``5m`` or ``2h``, as milliseconds."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
_SPAN = re.compile(r"([1-9][0-9]{0,8})(ms|s|m|h)")
# Devices count in 32 bits.
_LONGEST = 30 * 24 * 3_600_000


def _milliseconds(text: Any) -> int:
    match = _SPAN.fullmatch(text) if isinstance(text, str) else None
    span = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < span <= _LONGEST:
        raise ValueError(f"expected a span of time like '250ms', '1s', '5m' or '2h', at most 30 days, not {text!r:.40}")
    return span


Milliseconds = Annotated[int, BeforeValidator(_milliseconds)]
