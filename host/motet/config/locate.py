# SPDX-License-Identifier: Apache-2.0
"""In which line of a TOML file a key stands.

tomllib keeps no positions. But the first lines of a file, up to any line that ends a statement, are a TOML file too: a key
stands in the statement that ends the shortest such beginning which has it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

Key = Sequence[str | int]


class Locator:
    """Finds keys in `text`, which must be valid TOML. Configuration files are short: it parses every beginning of it."""

    def __init__(self, text: str) -> None:
        lines = text.splitlines(keepends=True)
        self._beginnings: list[tuple[int, dict[str, Any]]] = []
        start = 1
        for number in range(1, len(lines) + 1):
            try:
                beginning = tomllib.loads("".join(lines[:number]))
            except tomllib.TOMLDecodeError:
                continue  # in the middle of a value that spans lines
            if _says_something(lines[start - 1]):
                self._beginnings.append((start, beginning))
            start = number + 1

    def line(self, key: Key) -> int:
        """The line, from 1 on, where `key` is given; that of its table when it is not there; 1 when that is not either."""
        for length in range(len(key), 0, -1):
            for number, beginning in self._beginnings:
                if _has(beginning, key[:length]):
                    return number
        return 1


def _says_something(line: str) -> bool:
    return line.strip() != "" and not line.lstrip().startswith("#")


def _has(tree: Any, key: Key) -> bool:
    for part in key:
        try:
            tree = tree[part]
        except (KeyError, IndexError, TypeError):
            return False
    return True
