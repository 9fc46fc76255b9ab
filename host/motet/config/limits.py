# SPDX-License-Identifier: Apache-2.0
"""`[limits]` of motet.toml: how much one caller, one device and all of them together may ask of the gateway."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from motet.config.values import Id, Table

PerSecond = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
Burst = Annotated[int, Field(ge=1, le=10_000_000)]
# 0 for as many as there are.
Most = Annotated[int, Field(ge=0, le=1_000_000)]


class Limits(Table):
    """A caller is who its access token says, or the address that it calls from. 0 means no limit."""

    caller_per_s: PerSecond = 1000.0
    """Requests of one caller in a second, in the long run."""
    caller_burst: Burst = 2000
    """Requests of one caller at once, after it was quiet."""
    caller_at_once: Most = 512
    """Requests of one caller that are under way."""
    caller_listeners: Most = 512
    """Streams on which one caller waits for notifications."""
    caller_sessions: Most = 256
    """Sessions of one caller that speaks a revision before 2026-07-28."""
    device_per_s: PerSecond = 500.0
    """Requests to one device in a second, of all callers, in the long run."""
    device_burst: Burst = 1000
    """Requests to one device at once, after it was quiet."""
    devices: dict[Id, PerSecond] = {}
    """Other values of device_per_s for single devices, by id; a second's worth of them may come at once."""
    at_once: Most = 2048
    """Requests under way, of all callers."""
    listeners: Most = 4096
    """Streams on which callers wait for notifications, of all callers."""
    sessions: Most = 1024
    """Sessions of clients that speak a revision before 2026-07-28, of all callers."""
    body_bytes: Annotated[int, Field(ge=0, le=1 << 40)] = 64 << 20
    """Bytes of request bodies in memory, of all callers."""
    connections: Most = 8192
    """HTTP connections; beyond, the one is closed that has been idle longest. Never more than the process may have files open."""
    lag_s: Annotated[float, Field(ge=0, le=3600)] = 1.0
    """New requests are refused while the gateway is late by this much with everything it does."""

    @classmethod
    def none(cls) -> Limits:
        """Without any limit: for measuring, where one caller is the whole load."""
        return cls(
            caller_per_s=0,
            caller_at_once=0,
            caller_listeners=0,
            caller_sessions=0,
            device_per_s=0,
            at_once=0,
            listeners=0,
            sessions=0,
            body_bytes=0,
            connections=0,
            lag_s=0,
        )
