# SPDX-License-Identifier: Apache-2.0
"""Whether an id is free: asked before a board takes it, because an MQTT broker would silently throw the first owner out.

The retained record says who has the id; a question on its request topic, which its bridge answers without asking the
board, says whether that owner is alive or left a record behind.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection

from motet.bridge.errors import IdTaken
from motet.bus import Bus, BusOffline
from motet.wire import Json, Presence, Topics, WireError, packed

METHOD = "bridge.owner"
# An owner's bridge answers at once, however busy its board is.
_ANSWER_S = 2.0
_BROKER_S = 5.0


async def claim(url: str, topics: Topics, device: str, own: Collection[bytes]) -> None:
    """Return when a board whose boots are `own` may be `device`. Raises IdTaken, BusOffline while the broker cannot be asked."""
    bus = await Bus.connect(url, f"motet-claim-{secrets.token_hex(6)}", timeout=_BROKER_S)
    try:
        await _Claim(bus, topics, device, own).run()
    except TimeoutError:
        raise BusOffline("the broker does not answer a subscription") from None
    finally:
        await bus.close()


class _Claim:
    def __init__(self, bus: Bus, topics: Topics, device: str, own: Collection[bytes]) -> None:
        self._bus, self._topics, self._device, self._own = bus, topics, device, own
        self._own_id = f"claim-{secrets.token_hex(8)}"
        self._taken = False
        self._told = asyncio.Event()
        self._answered = asyncio.Event()

    async def run(self) -> None:
        replies = self._topics.replies(self._own_id, self._device)
        await self._bus.subscribe(replies, self._reply)
        await self._bus.subscribe(self._topics.presence(self._device), self._presence)
        # What we tell ourselves comes after the retained record, if there is one.
        self._bus.publish(replies, b"")
        if not await _within(_BROKER_S, self._told):
            raise BusOffline("the broker does not hand back our own message: whether the id is free cannot be known")
        if self._taken:
            question: Json = {"jsonrpc": "2.0", "id": 1, "method": METHOD, "params": {}}
            self._bus.publish(self._topics.requests(self._device), packed.dumps(question, self._own_id, int(_ANSWER_S)))
            if await _within(_ANSWER_S, self._answered):
                raise IdTaken(self._device)

    def _presence(self, _topic: str, payload: bytes) -> None:
        try:
            record = Presence.decode(payload)
        except WireError:
            return
        self._taken = record.online and record.nonce not in self._own

    def _reply(self, _topic: str, payload: bytes) -> None:
        (self._answered if payload else self._told).set()


async def _within(seconds: float, event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def answer(message: Json, own_nonce: bytes) -> Json:
    """The owner's answer to METHOD."""
    return {"jsonrpc": "2.0", "id": message.get("id"), "result": {"nonce": own_nonce.hex()}}
