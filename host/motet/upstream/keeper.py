# SPDX-License-Identifier: Apache-2.0
"""Keeps one foreign server among the devices: connects, looks after its tools, comes back after a loss."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable

from motet.upstream.server import Target, Upstream, connected
from motet.upstream.standin import StandIn, UpstreamError
from motet.wire import WireError

log = logging.getLogger(__name__)

_FIRST_DELAY_S, _LAST_DELAY_S = 0.5, 60.0


class Keeper:
    """`target`: makes what the SDK's Client takes, anew for each connection. `refresh_s`: how often its tools are looked at."""

    def __init__(
        self,
        broker_url: str,
        realm: str,
        device_id: str,
        target: Callable[[], Target],
        *,
        call_timeout_s: float = 30.0,
        refresh_s: float = 15.0,
    ) -> None:
        self.id = device_id
        self._broker_url, self._realm, self._target = broker_url, realm, target
        self._call_timeout_s, self._refresh_s = call_timeout_s, refresh_s
        self._failure, self._delay_s = "", _FIRST_DELAY_S

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with connected(self._target(), self._call_timeout_s) as upstream:
                    await self._serve(upstream)
            except asyncio.CancelledError:
                raise
            except BaseExceptionGroup as group:
                if group.subgroup(asyncio.CancelledError) is not None:
                    raise
                self._failed(group.exceptions[0])
            except Exception as error:  # whatever a foreign server brings about, it is no reason to stop
                self._failed(error)
            await asyncio.sleep(self._delay_s * random.uniform(0.5, 1.0))
            self._delay_s = min(2 * self._delay_s, _LAST_DELAY_S)

    async def _serve(self, upstream: Upstream) -> None:
        tools = await upstream.tools()
        about = upstream.about
        async with StandIn(self._broker_url, self._realm, self.id, "mcp", about, upstream.call) as stand_in:
            log.info("%s stands for %s with %d tools", self.id, about, len(tools))
            while True:
                try:
                    stand_in.show(tools)
                except WireError as error:
                    raise UpstreamError(f"its tools cannot be told: {error}") from error
                await asyncio.sleep(self._refresh_s)
                tools = await upstream.tools()
                # Only who stays is well: a server that is lost at once is neither asked nor told of twice a second.
                self._failure, self._delay_s = "", _FIRST_DELAY_S

    def _failed(self, error: BaseException) -> None:
        text = str(error) or type(error).__name__
        if text != self._failure:
            log.warning("upstream %s: %s; it is tried again", self.id, text)
        self._failure = text
