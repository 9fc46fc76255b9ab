# SPDX-License-Identifier: Apache-2.0
"""Messages between components of different devices: from the one that says them to those that have subscribed or are named.

What a device says is checked: its own id comes from the topic, never from the message. Policies decide on each message (the
answers are remembered); a sender has a rate, a receiver a queue that is short. What goes beyond is dropped and counted, and a
request whose message does not get through is answered with the reason. Nothing is kept: who is not there misses it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from typing import Any

from motet.fleet import DeviceTimeout, Event, Fleet, FleetError, RpcError
from motet.gateway.buckets import Buckets
from motet.gateway.lanes import Lanes
from motet.gateway.rules import Rules
from motet.gateway.subscribers import TIMEOUT_S, Subscribers
from motet_core import errors, topics
from motet_core.wire.presence import valid_id

log = logging.getLogger(__name__)
# As devices have it.
MAX_HOPS = 16
MAX_TARGETS = 64
# Of base64: 1,024 bytes.
_MAX_DATA = 1368
_LONGEST_REQUEST_S = 60.0
_PER_SECOND, _BURST = 50, 100
_WORDS = {errors.BUSY: "busy", errors.NOT_FOUND: "not-found", errors.DENIED: "denied", errors.METHOD_NOT_FOUND: "not-found"}


class Messages:
    """Between the devices of `fleet`; `counts` says what became of messages. Without `rules` everybody may say everything."""

    def __init__(self, fleet: Fleet, rules: Rules | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self._fleet, self._rules = fleet, rules
        self._subscribers = Subscribers(fleet, self.counts)
        self._rates = Buckets(_PER_SECOND, _BURST)
        self._lanes = Lanes(self._deliver)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Routes inside the block."""
        forget = self._fleet.add_listener(self._happened)
        try:
            async with self._subscribers.running():
                yield
        finally:
            forget()
            tasks = self._lanes.tasks()
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # What devices say.

    def _happened(self, event: Event) -> None:
        device = event.device.id
        if event.kind in ("arrived", "restarted"):
            self._subscribers.arrived(event.device)
        elif event.kind in ("departed", "removed"):
            self._subscribers.gone(device)
        elif event.kind == "subscribed" and event.data is not None:
            self._subscribers.set(device, event.data.get("subscriptions"))
        elif event.kind == "sent" and event.data is not None:
            self._sent(device, event.data)

    def _sent(self, device: str, said: Mapping[str, Any]) -> None:
        component, hops, data = said.get("sender"), said.get("hops"), said.get("data", "")
        if not valid_id(component) or type(hops) is not int or not isinstance(data, str) or len(data) > _MAX_DATA:
            self.counts["malformed"] += 1
        elif not 0 <= hops <= MAX_HOPS:
            self.counts["looped"] += 1
        elif self._rates.take(device, time.monotonic()):
            self.counts["limited"] += 1
        elif "topic" in said:
            self._publish(device, str(component), said["topic"], {"data": data, "hops": hops})
        else:
            self._send(device, str(component), said, {"data": data, "hops": hops})

    def _publish(self, device: str, component: str, topic: Any, body: dict[str, Any]) -> None:
        if not topics.valid(topic):
            self.counts["malformed"] += 1
            return
        found = self._subscribers.map.subscribers(topic, device)
        self.counts["too_many"] += max(0, len(found) - MAX_TARGETS)
        for target in found[:MAX_TARGETS]:
            if self._may(device, component, target, topic=topic):
                self._put(target, {**body, "topic": topic, "sender": f"{device}/{component}"}, None)

    def _send(self, device: str, component: str, said: Mapping[str, Any], body: dict[str, Any]) -> None:
        to, number = said.get("to"), said.get("request")
        target, _, name = to.partition("/") if isinstance(to, str) else ("", "", "")
        if not (valid_id(target) and valid_id(name)) or not (number is None or type(number) is int):
            self.counts["malformed"] += 1
            return
        origin = None if number is None else (device, component, number, f"{target}/{name}", _seconds(said.get("timeout_ms")))
        if not self._may(device, component, target, to=name):
            self._failed(origin, "denied")
            return
        more = {} if origin is None else {"request": True}
        self._put(target, {**body, **more, "to": name, "sender": f"{device}/{component}"}, origin)

    def _may(self, device: str, component: str, target: str, topic: str = "", to: str = "") -> bool:
        if self._rules is None:
            return True
        boards = [known.board if (known := self._fleet.get(one)) else "" for one in (device, target)]
        allowed = self._rules.message((device, boards[0]), component, (target, boards[1]), topic, to)
        self.counts["denied"] += not allowed
        return allowed

    # What they hear.

    def _put(self, target: str, params: dict[str, Any], origin: Any) -> None:
        if not self._lanes.put(target, "message.deliver", params, origin):
            self.counts["dropped"] += 1
            self._failed(origin, "busy")

    async def _deliver(self, target: str, method: str, params: dict[str, Any], origin: Any) -> None:
        try:
            answer = await self._fleet.call(target, method, params, TIMEOUT_S if origin is None else origin[4])
        except FleetError as error:
            self.counts["failed"] += 1
            self._failed(origin, _word(error))
            return
        self.counts["delivered"] += 1
        if origin is not None:
            self._answer(origin, {"data": answer.get("data", ""), "hops": params["hops"]})

    def _failed(self, origin: Any, word: str) -> None:
        if origin is not None:
            self._answer(origin, {"failure": word, "hops": 0})

    def _answer(self, origin: Any, body: dict[str, Any]) -> None:
        device, component, number, sender, _ = origin
        if not self._lanes.put(device, "message.deliver", {**body, "to": component, "answers": number, "sender": sender}, None):
            self.counts["dropped"] += 1


def _seconds(given: Any) -> float:
    return min(given / 1000, _LONGEST_REQUEST_S) if type(given) is int and given > 0 else _LONGEST_REQUEST_S


def _word(error: FleetError) -> str:
    """What a component is told of a request that failed."""
    if isinstance(error, DeviceTimeout):
        return "timeout"
    return _WORDS.get(error.code, error.message[:200]) if isinstance(error, RpcError) else "unavailable"
