# SPDX-License-Identifier: Apache-2.0
"""``[dependencies]`` of Component.toml: components and models that must be on the device already, by name and revision."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, Field

from motet.components.tooltext import Name

_PART = re.compile(r"\s*(>=|<=|>|<|=)\s*([0-9]{1,10})\s*")
_HOLDS = {
    ">=": lambda given, bound: given >= bound,
    "<=": lambda given, bound: given <= bound,
    ">": lambda given, bound: given > bound,
    "<": lambda given, bound: given < bound,
    "=": lambda given, bound: given == bound,
}


@dataclass(frozen=True)
class Revisions:
    """Which revisions will do: all bounds hold."""

    bounds: tuple[tuple[str, int], ...]

    @classmethod
    def parse(cls, text: str) -> Revisions:
        """From ``*``, ``>=2`` or ``>=2, <4``. Raises ValueError."""
        if text.strip() == "*":
            return cls(())
        found = [_PART.fullmatch(part) for part in text.split(",")]
        if not all(found):
            raise ValueError(f"{text!r:.60} is neither * nor bounds such as '>=2' or '>=2, <4'")
        return cls(tuple((one[1], int(one[2])) for one in found if one))

    def take(self, revision: int) -> bool:
        return all(_HOLDS[how](revision, bound) for how, bound in self.bounds)


def _checked(text: str) -> str:
    Revisions.parse(text)
    return text


Needed = Annotated[str, Field(max_length=60), AfterValidator(_checked)]
Dependencies = Annotated[dict[Name, Needed], Field(max_length=16)]
