# SPDX-License-Identifier: Apache-2.0
"""Patterns of names, in which `*` stands for any text, and templates that make names of a device's id and an own name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

DEVICE = "{device}"
_ID, _OWN = r"[A-Za-z0-9_-]{1,32}", r"[A-Za-z0-9_.-]{1,64}"


def fits(pattern: str, text: str) -> bool:
    """Whether `text` is what `pattern` says. In one pass, never back: time stays with the lengths of both."""
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    if not text.startswith(first):
        return False
    at = len(first)
    *middle, last = rest
    for part in middle:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(text) - at >= len(last) and text.endswith(last)


def meet(one: str, other: str) -> bool:
    """Whether any text fits both patterns."""
    if "*" not in one or "*" not in other:
        return fits(one, other) if "*" not in other else fits(other, one)
    begin, end = one.partition("*")[0], one.rpartition("*")[2]
    first, last = other.partition("*")[0], other.rpartition("*")[2]
    if not (begin.startswith(first) or first.startswith(begin)) or not (end.endswith(last) or last.endswith(end)):
        return False

    @cache
    def from_here(i: int, j: int) -> bool:
        if i == len(one) or j == len(other):
            return set(one[i:] + other[j:]) <= {"*"}
        if one[i] == "*" or other[j] == "*":
            # A star takes nothing, or what the other pattern has next.
            return from_here(i + (one[i] == "*"), j + (one[i] != "*")) or from_here(i + (one[i] != "*"), j + (one[i] == "*"))
        return one[i] == other[j] and from_here(i + 1, j + 1)

    return from_here(0, 0)


@dataclass(frozen=True, slots=True)
class Template:
    """`text` holds `{device}` and `{<word>}`, each at most once; read backwards it gives both again."""

    text: str
    word: str

    @property
    def own(self) -> str:
        """The placeholder for the name that a device gives."""
        return f"{{{self.word}}}"

    def fill(self, device: str, own: str) -> str:
        """The name; with patterns instead of names, the pattern of all that it can be."""
        return self.text.replace(DEVICE, device).replace(self.own, own)

    def back(self, name: str) -> tuple[str | None, str | None] | None:
        """(device, own name) in a name that this template has made, None for what it leaves open; None for any other name."""
        found = _reader(self.text, self.own).match(name)
        if found is None:
            return None
        parts = found.groupdict()
        return parts.get("device"), parts.get("own")

    def problem(self, devices: str, owns: str) -> str | None:
        """Why it cannot name what these patterns fit, or None."""
        rest = self.text.replace(DEVICE, "", 1).replace(self.own, "", 1)
        if not re.fullmatch(r"[A-Za-z0-9_.-]*", rest):
            return f"expected letters, digits, '_', '-', '.', {DEVICE} and {self.own}, each once"
        for pattern, placeholder in ((devices, DEVICE), (owns, self.own)):
            if "*" in pattern and placeholder not in self.text:
                return f"needs {placeholder}, because {pattern!r} may fit several, and a name means one"
        # A device's id has no dot: with one between them it is clear where each of the two ends.
        if DEVICE in self.text and self.own in self.text and "." not in self._between():
            return f"needs a '.' between {DEVICE} and {self.own}, to tell one from the other"
        return None if 1 <= len(self.fill("x", "x")) <= 64 else "makes names that are too long: 64 characters at most"

    def _between(self) -> str:
        first, last = sorted((self.text.index(DEVICE), self.text.index(self.own)))
        return self.text[self.text.index("}", first) + 1 : last]


@lru_cache(maxsize=4096)
def _reader(text: str, own: str) -> re.Pattern[str]:
    pattern = re.escape(text)
    pattern = pattern.replace(re.escape(DEVICE), f"(?P<device>{_ID})").replace(re.escape(own), f"(?P<own>{_OWN})")
    return re.compile(pattern + r"\Z")
