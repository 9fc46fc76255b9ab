# SPDX-License-Identifier: Apache-2.0
"""Presence and hello records with types; the format is `motet_core.wire.presence` and `motet_core.wire.hello`."""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass
from functools import lru_cache

from motet_core.wire import hello as _hello
from motet_core.wire import presence as _presence

OFFLINE, ONLINE = 0, 1
NONCE_BYTES = 8
# What many devices have in common, and how much of it is remembered.
_ALIKE = ("catalogue", "firmware", "board", "reset_reason", "offers")
_REMEMBERED = 4096


@lru_cache(_REMEMBERED)
def _shared(value: object) -> object:
    """The first value that was equal to this one: ten thousand devices need not have ten thousand copies of it."""
    return value


@dataclass(frozen=True, slots=True)
class Presence:
    """One presence record. `limit` and `max_total` are bytes (largest frame, largest message); `catalogue` is 16 bytes,
    `offers`, the hash of resources and prompts, as well or None; `messages` is 1 when components of the device take part in
    messages, 0 when none does, None when that is to be asked.

    Records of one device are ordered by (nonce, sequence); an offline one may hold only id, nonce and sequence.
    """

    id: str
    state: int
    nonce: bytes
    sequence: int
    dictionary: int | None = None
    limit: int | None = None
    max_total: int | None = None
    catalogue: bytes | None = None
    firmware: str | None = None
    board: str | None = None
    reset_reason: str | None = None
    offers: bytes | None = None
    messages: int | None = None

    @property
    def online(self) -> bool:
        """Whether the record says that the device is there; then every field but the last three is set."""
        return self.state == ONLINE

    @classmethod
    def decode(cls, data: bytes) -> Presence:
        """Bytes -> record. Raises WireError naming the field that is wrong."""
        fields = _presence.decode(data)
        for name in _ALIKE:
            fields[name] = _shared(fields[name])
        return cls(**fields)

    def encode(self) -> bytes:
        """Record -> bytes. Raises WireError naming the field that is wrong."""
        return bytes(_presence.encode(**asdict(self)))

    def gone(self) -> Presence:
        """The offline record of the same boot: what a last will says."""
        return Presence(self.id, OFFLINE, self.nonce, self.sequence)


def new_hello(device_id: str | None = None) -> bytes:
    """A hello with the present time and a fresh nonce, naming the device when it has no id of its own."""
    fields = {} if device_id is None else {"id": device_id}
    return bytes(_hello.encode(time_ms=time.time_ns() // 1_000_000, nonce=secrets.token_bytes(NONCE_BYTES), **fields))
