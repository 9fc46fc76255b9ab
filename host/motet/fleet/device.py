# SPDX-License-Identifier: Apache-2.0
"""What the gateway knows of one device, and what it tells others about it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from motet.fleet.catalogues import Offers
from motet.wire import Presence

# Nonces of earlier boots that are remembered, to recognise replayed records.
_RETIRED = 64


class Device:
    """One device, alive: its properties change with each presence record. Only this package writes to it."""

    def __init__(self, record: Presence) -> None:
        self.record = record
        self.online = False
        self.retired: deque[bytes] = deque(maxlen=_RETIRED)
        self.last_seen: float | None = None
        self.tools: Sequence[Mapping[str, Any]] = ()
        self.catalogue_hash = b""
        self.offers, self.offers_hash = Offers(), b""
        # Set once the device has shown itself on the present connection to the broker.
        self.confirmed = asyncio.Event()
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
