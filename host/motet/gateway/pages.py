# SPDX-License-Identifier: Apache-2.0
"""Pages of sorted lists. A cursor names the last key of its page, so it stays good while entries come and go."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


class BadCursor(ValueError):
    """A cursor that this gateway did not give out."""


def page(rows: Callable[[str], Iterable[tuple[str, T]]], cursor: str | None, size: int) -> tuple[list[tuple[str, T]], str | None]:
    """At most `size` rows after `cursor`, and the next cursor; `rows(last)` gives (key, what it stands for) of the keys after
    `last`, sorted. Raises BadCursor."""
    found = list(islice(rows("" if cursor is None else _after(cursor)), size + 1))
    return found[:size], _cursor(found[size - 1][0]) if len(found) > size else None


def _cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode()


def _after(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadCursor("the cursor is not one that this list gave out") from error
