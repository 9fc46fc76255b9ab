# SPDX-License-Identifier: Apache-2.0
"""A device on the bus that is something else: presence, lists, calls and cancellations on the topics of docs/wire.md."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Sequence
from typing import Protocol

from motet.bus import Bus, BusError, Will
from motet.wire import Json, Presence, Topics, WireError, packed
from motet_core import errors
from motet_core.wire import dictionary
from motet_core.wire.blocks import Joiner, split
from motet_core.wire.catalogue import hash_packed

log = logging.getLogger(__name__)


class Progress(Protocol):
    """How far a call has come."""

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        """Tells who called."""


LIMIT, MAX_TOTAL = 64 << 10, 4 << 20
# A page of tools/list stays far below what a message may have.
_PAGE = 1 << 20
_CALLS = 64


class UpstreamError(Exception):
    """The server behind a stand-in does not do what it was asked for; the message says why."""


class Calls(Protocol):
    """Who answers calls of tools."""

    async def __call__(self, name: str, arguments: Json, progress: Progress) -> Json:
        """The result of tools/call. Raises UpstreamError."""


class StandIn:
    """`board` and `firmware` say what it stands for. Use as an async context manager; `show` tells the tools."""

    def __init__(self, url: str, realm: str, device_id: str, board: str, firmware: str, call: Calls) -> None:
        self.id, self._board, self._firmware, self._call = device_id, board[:32] or "mcp", firmware[:64] or "mcp", call
        self._topics = Topics(realm)
        self._nonce, self._sequence = secrets.token_bytes(8), 0
        self._tools: list[Json] = []
        self._packed: tuple[bytes, ...] = ()
        self._joiner = Joiner(MAX_TOTAL, lambda: time.monotonic_ns() // 1_000_000)
        self._running: dict[tuple[str, str | int], asyncio.Task[None]] = {}
        will = Will(self._topics.presence(device_id), Presence(device_id, 0, self._nonce, 0).encode())
        self._bus = Bus(url, f"upstream-{device_id}", will=will)

    async def __aenter__(self) -> StandIn:
        self._bus.on_state(lambda connected: self._announce() if connected else None)
        await self._bus.subscribe(self._topics.requests(self.id), self._received, qos=0)
        self._bus.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._bus.connected:
            try:
                self._bus.publish(self._topics.presence(self.id), self._record().gone().encode(), retain=True)
            except BusError as error:
                log.debug("%s could not say that it is gone: %s", self.id, error)
        await self._bus.close()

    def show(self, tools: Sequence[Json]) -> None:
        """These are its tools now; tells the gateways when they are others than before. Raises WireError for what is no JSON."""
        ordered = sorted(tools, key=lambda tool: str(tool["name"]))
        entries = tuple(packed.pack(tool) for tool in ordered)
        if entries != self._packed or not self._sequence:
            self._tools, self._packed = ordered, entries
            self._sequence += 1
            self._announce()

    def _record(self) -> Presence:
        return Presence(
            self.id, 1, self._nonce, self._sequence, dictionary.VERSION, LIMIT, MAX_TOTAL, hash_packed(self._packed),
            self._firmware, self._board, "process_start",
        )  # fmt: skip

    def _announce(self) -> None:
        if self._sequence and self._bus.connected:
            self._sequence += 1
            self._bus.publish(self._topics.presence(self.id), self._record().encode(), retain=True, ttl=30)

    def _received(self, _topic: str, payload: bytes) -> None:
        try:
            whole = self._joiner.feed(payload)
            if whole is None:
                return
            message, envelope = packed.loads(whole)
        except WireError as error:
            log.debug("%s: a message is dropped: %s", self.id, error)
            return
        reply_to, number = envelope.reply_to, message.get("id")
        if reply_to is None:
            return
        if message.get("method") == "notifications/cancelled":
            self._cancel(reply_to, message.get("params"))
        elif isinstance(number, int | str) and (reply_to, number) not in self._running:
            self._start(reply_to, number, message)

    def _cancel(self, reply_to: str, params: object) -> None:
        number = params.get("requestId") if isinstance(params, dict) else None
        task = self._running.get((reply_to, number)) if isinstance(number, int | str) else None
        if task is not None:
            task.cancel()

    def _start(self, reply_to: str, number: str | int, message: Json) -> None:
        if len(self._running) >= _CALLS:
            self._send(reply_to, {"id": number, "error": {"code": errors.BUSY, "message": f"{_CALLS} calls are running already"}})
            return
        key = (reply_to, number)
        self._running[key] = asyncio.create_task(self._serve(reply_to, number, message), name=f"call of {self.id}")
        self._running[key].add_done_callback(lambda _: self._running.pop(key, None))

    async def _serve(self, reply_to: str, number: str | int, message: Json) -> None:
        params = message.get("params", {})
        try:
            body = await self._answer(reply_to, message.get("method"), params if isinstance(params, dict) else {})
        except UpstreamError as error:
            body = {"error": {"code": errors.INTERNAL, "message": str(error)[:500]}}
        except Exception as error:  # such as a result that is not of its tool's schema: who called hears of it
            log.warning("%s: a call failed: %r", self.id, error)
            body = {"error": {"code": errors.INTERNAL, "message": f"it answers wrongly: {error}"[:500]}}
        self._send(reply_to, {"id": number, **body})

    async def _answer(self, reply_to: str, method: object, params: Json) -> Json:
        if method == "tools/list":
            return self._page(params.get("cursor"))
        if method != "tools/call":
            return {"error": {"code": errors.METHOD_NOT_FOUND, "message": f"unknown method {str(method)[:64]}"}}
        name, arguments = params.get("name"), params.get("arguments", {})
        if not isinstance(name, str) or not isinstance(arguments, dict):
            return {"error": {"code": errors.INVALID_PARAMS, "message": "name: expected string, arguments: expected object"}}
        meta = params.get("_meta")
        token = meta.get("progressToken") if isinstance(meta, dict) else None

        async def tell(progress: float, total: float | None, message: str | None) -> None:
            if token is not None:
                told = {"progressToken": token, "progress": progress, "total": total, "message": message}
                known = {key: value for key, value in told.items() if value is not None}
                self._send(reply_to, {"method": "notifications/progress", "params": known})

        return {"result": await self._call(name, arguments, tell)}

    def _page(self, cursor: object) -> Json:
        start = int(cursor) if isinstance(cursor, str) and cursor.isdigit() and len(cursor) < 6 else 0
        if cursor is not None and not 0 < start < len(self._tools):
            return {"error": {"code": errors.INVALID_PARAMS, "message": "cursor: not one of this list"}}
        end, room = start, _PAGE
        while end < len(self._tools) and (end == start or len(self._packed[end]) <= room):
            room -= len(self._packed[end])
            end += 1
        more = {"nextCursor": str(end)} if end < len(self._tools) else {}
        return {"result": {"resultType": "complete", "tools": self._tools[start:end], **more}}

    def _send(self, reply_to: str, body: Json) -> None:
        try:
            data = packed.dumps({"jsonrpc": "2.0", **body}, reply_to)
            if len(data) > MAX_TOTAL:
                if "id" not in body:
                    raise ValueError(f"a notification of {len(data)} bytes")
                too_large = {"code": errors.TOO_LARGE, "message": f"answer of {len(data)} bytes"}
                return self._send(reply_to, {"id": body["id"], "error": too_large})
            topic = self._topics.replies(reply_to, self.id)
            for frame in split(data, LIMIT, secrets.randbits(32)):
                self._bus.publish(topic, frame, qos=0)
        except (BusError, WireError, ValueError) as error:
            log.warning("an answer of %s is lost: %s", self.id, error)
