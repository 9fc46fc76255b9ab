# SPDX-License-Identifier: Apache-2.0
"""What the gateway knows of one device, and what it tells others about it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from motet.fleet.catalogues import NOTHING
from motet.wire import Presence

# Nonces of earlier boots that are remembered, to recognise replayed records.
_RETIRED = 64


class Flag:
    """An asyncio.Event that costs a tenth of one while nobody waits for it."""

    __slots__ = ("_event", "_set")

    def __init__(self) -> None:
        self._set = False
        self._event: asyncio.Event | None = None

    def is_set(self) -> bool:
        """Whether waiting would return at once."""
        return self._set

    def set(self) -> None:
        """Those who wait go on."""
        self._set = True
        if self._event is not None:
            self._event.set()
            self._event = None

    def clear(self) -> None:
        """From now on, waiting waits."""
        self._set = False

    async def wait(self) -> None:
        """Return once it is, or has been, set."""
        if not self._set:
            self._event = self._event or asyncio.Event()
            await self._event.wait()


class Device:
    """One device, alive: its properties change with each presence record. Only this package writes to it."""

    __slots__ = (
        "catalogue_hash", "confirmed", "last_seen", "offers", "offers_hash", "online", "presumed_gone", "record", "retired",
        "tools",
    )  # fmt: skip

    def __init__(self, record: Presence) -> None:
        self.record = record
        self.online = False
        self.retired: tuple[bytes, ...] = ()
        self.last_seen: float | None = None
        self.tools: Sequence[Mapping[str, Any]] = ()
        self.catalogue_hash = b""
        self.offers, self.offers_hash = NOTHING, b""
        # Set once the device has shown itself on the present connection to the broker.
        self.confirmed = Flag()
        # Given up because it did not show itself, rather than reported gone: its last record may come again.
        self.presumed_gone = False

    @property
    def id(self) -> str:
        """The device's id within its realm."""
        return self.record.id

    @property
    def nonce(self) -> bytes:
        """Eight bytes that name the present (or last) boot."""
        return self.record.nonce

    @property
    def board(self) -> str:
        """The board's name, empty while unknown."""
        return self.record.board or ""

    @property
    def firmware(self) -> str:
        """The firmware's name and version, empty while unknown."""
        return self.record.firmware or ""

    @property
    def reset_reason(self) -> str:
        """Why the device booted last, empty while unknown."""
        return self.record.reset_reason or ""

    @property
    def limit(self) -> int:
        """The largest frame the device takes, in bytes."""
        return self.record.limit or 0

    @property
    def max_total(self) -> int:
        """The largest message the device takes, in bytes."""
        return self.record.max_total or 0

    @property
    def silent(self) -> bool:
        """Whether it says that none of its components takes part in messages."""
        return self.record.messages == 0

    @property
    def link(self) -> Mapping[str, Any]:
        """What the way to the device can carry, in bytes."""
        return {"limit": self.limit, "max_total": self.max_total}

    def retire(self) -> None:
        """The present boot is over: another one has followed."""
        self.retired = (*self.retired, self.nonce)[-_RETIRED:]

    def seen(self) -> None:
        """Something came from the device just now."""
        self.last_seen = time.time()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a device.

    arrived: it is there (its tools may follow); departed: it is gone, `reason` says how; restarted: it booted again;
    tools, offers: `device.tools` or `device.offers` is new; removed: it is forgotten; message, updated, sent, subscribed: `data`
    holds the params of its notifications/message, notifications/resources/updated, motet/message or motet/subscriptions.
    """

    kind: Literal["arrived", "departed", "restarted", "tools", "offers", "removed", "message", "updated", "sent", "subscribed"]
    device: Device
    reason: str = ""
    data: Mapping[str, Any] | None = None
