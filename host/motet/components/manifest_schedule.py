# SPDX-License-Identifier: Apache-2.0
"""``[[schedule]]`` of ``Component.toml``: functions that run by the clock, or when a sensor passes a threshold."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from motet.components.durations import Milliseconds
from motet.components.tooltext import CONFIG, Name

# As often as a device lets a component run by itself.
LEAST_MS = 10
POLICIES = ("skip", "catch-up")
Number = Annotated[float, Field(allow_inf_nan=False)]


class Trigger(BaseModel):
    """Readings of ``sensor`` that pass ``above`` upwards or ``below`` downwards; again only after they came back by
    ``hysteresis``."""

    model_config = CONFIG

    sensor: Annotated[str, Field(pattern=r"^[!-~]+$", max_length=64)]
    above: Number | None = None
    below: Number | None = None
    hysteresis: Annotated[Number, Field(ge=0)] = 0.0

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.above is None) == (self.below is None):
            raise ValueError("exactly one of above and below is needed")
        return self

    def row(self) -> list[Any]:
        """What artifact field 9 says of it."""
        threshold = self.below if self.above is None else self.above
        return [self.sensor, threshold, self.hysteresis, self.above is not None]


class Tick(BaseModel):
    """``function`` of the contract runs ``every`` so often, or (``on``) when a reading taken so often passes a threshold.

    What was ``missed`` because something else ran is left out, or (``catch-up``) run late, up to eight times in a row.
    """

    model_config = CONFIG

    function: Name
    every: Milliseconds = 1000
    on: Trigger | None = None
    missed: Literal["skip", "catch-up"] = "skip"

    @model_validator(mode="after")
    def _often(self) -> Self:
        if self.every < LEAST_MS:
            raise ValueError(f"every: at least {LEAST_MS}ms")
        return self

    def row(self, export: str) -> list[Any]:
        """As in artifact field 9."""
        return [export, self.every, POLICIES.index(self.missed), *(self.on.row() if self.on else [])]
