# SPDX-License-Identifier: Apache-2.0
"""What may come in floods goes into the audit summed up: whoever floods the gateway must not flood the audit, too."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from motet.policy import Audit
from motet.store import StoreError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the audit, all of it denied."""

    principal: str
    action: str
    resource: str
    detail: dict[str, Any]


class Summed(ABC):
    """Writes what `_taken` gives into `audit`, with a pause of `gap_s` seconds after each writing."""

    def __init__(self, audit: Audit, gap_s: float) -> None:
        self._audit, self._gap_s = audit, gap_s
        self._some = asyncio.Event()

    @abstractmethod
    def _taken(self) -> Iterable[Entry]:
        """What has been summed up, which begins anew."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Writes inside the block; what came is written before it ends."""
        task = asyncio.create_task(self._run(), name=type(self).__name__)
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait((task,))
            await self._write()

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            await self._write()
            await asyncio.sleep(self._gap_s)

    async def _write(self) -> None:
        self._some.clear()
        for entry in self._taken():
            try:
                await asyncio.to_thread(self._audit.append, entry.principal, entry.action, entry.resource, "denied", entry.detail)
            except StoreError as error:
                told = entry.action, entry.resource, entry.principal, entry.detail, error
                log.error("refusal of %s on %s for %s (%s) is not in the audit: %s", *told)
