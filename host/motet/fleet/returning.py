# SPDX-License-Identifier: Apache-2.0
"""Who has not come back some time after the broker did is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# Bridges come back within the last delay of the bus's back-off.
RETURN_S = 10.0
# Thousands need longer: as long as some have come back within that time, the others are waited for, but not beyond this.
LONGEST_S = 60.0


class Returning:
    """`awaited()` says how many devices have still to show themselves, `give_up()` counts those out."""

    def __init__(self, awaited: Callable[[], int], give_up: Callable[[], None]) -> None:
        self._awaited, self._give_up = awaited, give_up
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """The broker is back."""
        self.cancel()
        self._wait(LONGEST_S)

    def cancel(self) -> None:
        """It is gone again, or nobody wants to know any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, longest_s: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(RETURN_S, self._look, self._awaited(), longest_s - RETURN_S)

    def _look(self, before: int, longest_s: float) -> None:
        if 0 < self._awaited() < before and longest_s > 0:
            self._wait(longest_s)
        else:
            self._timer = None
            self._give_up()
