# SPDX-License-Identifier: Apache-2.0
"""All presence is read again now and then: a broker drops records for a client that takes none for long."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# Ten thousand records are about half a second of CPU.
AGAIN_S = 300.0


class Again:
    """Calls `look()` every AGAIN_S from `begin` to `cancel`."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """From now on."""
        self.cancel()
        self._timer = asyncio.get_running_loop().call_later(AGAIN_S, self._due)

    def cancel(self) -> None:
        """No more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> None:
        self.begin()
        self._look()
