# SPDX-License-Identifier: Apache-2.0
"""What a tester looks for and what it answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from motet.emulate.keywords.errors import KeywordError

# What no XML document may hold, and so neither the remote protocol nor the report.
_UNSAFE = re.compile(r"[^\t\x20-\x7e\xa0-\xff]")


@dataclass(frozen=True)
class Line:
    """One ended line, with the board's time in milliseconds at its end."""

    content: str
    timestamp: float


class Result(dict[str, object]):
    """What a wait returns. Renode names the fields in lower case, documents them in upper case: both work."""

    def __init__(self, line: Line, groups: Sequence[str] = (), failing: bool = False) -> None:
        values = {"line": _UNSAFE.sub("", line.content), "timestamp": line.timestamp, "groups": list(groups)}
        values["isFailingString"] = failing
        super().__init__(values | {key[0].upper() + key[1:]: value for key, value in values.items()})
        self["Content"] = self["line"]
        self.raw, self.raw_groups = line.content, list(groups)

    def __getattr__(self, name: str) -> object:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Pattern:
    """Text, a regular expression, or with ``binary`` hexadecimal bytes. Raises KeywordError for what is none."""

    def __init__(self, text: str, regex: bool = False, binary: bool = False) -> None:
        self.text, self.regex = text, regex
        try:
            if regex:
                self._found = re.compile(text, re.DOTALL if binary else 0)
            else:
                self._found = re.compile(re.escape(bytes.fromhex(text).decode("latin-1") if binary else text))
        except (re.error, ValueError) as error:
            kind = "regular expression" if regex else "hexadecimal string"
            raise KeywordError(f"{text!r} is no {kind}: {error}") from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and (self.text, self.regex) == (other.text, other.regex)

    def __hash__(self) -> int:
        return hash((self.text, self.regex))

    def search(self, text: str) -> re.Match[str] | None:
        return self._found.search(text)


def following(lines: Sequence[str], patterns: Sequence[Pattern]) -> int | None:
    """Where lines that match the patterns one after the other begin; None when they do not come in a row."""
    starts = range(len(lines) - len(patterns) + 1)
    rows = (start for start in starts if all(p.search(lines[start + i]) for i, p in enumerate(patterns)))
    return next(rows, None)
