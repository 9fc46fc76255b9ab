# SPDX-License-Identifier: Apache-2.0
"""``[supervision]`` of ``Component.toml``: what becomes of a component that fails."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from motet.components.durations import Milliseconds
from motet.components.tooltext import CONFIG


class Supervision(BaseModel):
    """``restarts`` failures ``within`` a time are mended, the first after ``backoff``, which doubles; one more is quarantine.
    Every ``health`` the component is asked how it is."""

    model_config = CONFIG

    restarts: Annotated[int, Field(ge=0, le=100, strict=True)] = 5
    within: Milliseconds = 60_000
    backoff: Milliseconds = 100
    health: Milliseconds | None = None

    def row(self) -> list[int]:
        """As in artifact field 9."""
        return [self.restarts, self.within, self.backoff, self.health or 0]
