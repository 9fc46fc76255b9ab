# SPDX-License-Identifier: Apache-2.0
"""Pages of sorted lists. A cursor names the last key of its page, so it stays good while entries come and go."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Sequence


class BadCursor(ValueError):
    """A cursor that this gateway did not give out."""


def page(keys: Sequence[str], cursor: str | None, size: int) -> tuple[Sequence[str], str | None]:
    """The keys (sorted) after `cursor`, at most `size`, and the next cursor. Raises BadCursor."""
    start = 0 if cursor is None else bisect_right(keys, _after(cursor))
    found = keys[start : start + size]
    return found, _cursor(found[-1]) if start + size < len(keys) else None


def _cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _after(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadCursor("the cursor is not one that this list gave out") from error
