# SPDX-License-Identifier: Apache-2.0
"""How late the event loop is: the sign that the gateway has more to do than it can, whatever it is."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

EVERY_S = 0.25
# One pause, of the garbage collector or of the whole machine, is no overload.
LOOKS = 4


class Lag:
    """Looks at the clock again and again; `late_s` is what it was late at least, each of the last few times."""

    def __init__(self) -> None:
        self.late_s = 0.0
        self._last: deque[float] = deque([0.0] * LOOKS, maxlen=LOOKS)

    def note(self, late_s: float) -> None:
        """It was late by this much."""
        self._last.append(late_s)
        self.late_s = min(self._last)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look at the clock inside the block."""
        task = asyncio.create_task(self._run(), name="lag")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            self.note(max(0.0, loop.time() - due))
