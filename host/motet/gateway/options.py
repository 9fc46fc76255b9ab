# SPDX-License-Identifier: Apache-2.0
"""What can be set on the gateway's front; the defaults are safe for a laptop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from motet.config import Auth, Gateway, Group, Limits, VirtualServer


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of the MCP front and its HTTP server.

    Args:
        host: address to listen on; anything but loopback also needs `allowed_hosts`.
        port: TCP port; 0 takes a free one.
        name: server name told to clients.
        version: server version told to clients.
        call_timeout_s: longest wait for a device's answer to one tool call.
        calls_at_once: calls that are with one device at the same time; it works on one and keeps the others ready.
        calls_waiting: further calls that wait in the gateway for the same device; more are refused as busy.
        page_size: tools in one page of `tools/list`.
        list_up_to: with more tools than this, `tools/list` of the whole fleet, or of a group, holds fleet.search,
            fleet.describe and fleet.call alone.
        max_body_bytes: largest HTTP request body.
        body_timeout_s: longest wait for a request body that has begun.
        allowed_hosts: further values of the Host header (`name` or `name:port` or `name:*`).
        allowed_origins: further values of the Origin header (`https://console.example`).
        drain_s: at shutdown, how long calls in flight may take before they are cancelled.
        max_tools_per_device: further tools of one device are left out.
        input_timeout_s: longest wait for what a client of an older revision is asked while its call runs.
        watch_interval_s: how often a resource that somebody is subscribed to is read.
        task_ttl_s: how long a task may take, and how long its result is kept.
        state_keys: secrets of 32 bytes or more that seal what a client carries between rounds of a call; the first one seals,
            all of them open. None: one that ends with the process.
        fast_path: plain tool calls skip what the SDK does for the others; the answers are the same.
        auth: which access tokens count; none are needed where none are configured.
        limits: how much callers may ask for, each and together, and how often a device may be asked.
        groups: views of some of the devices.
        servers: virtual servers, views of chosen tools, resources and prompts.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    name: str = "motet"
    version: str = ""
    call_timeout_s: float = 30.0
    calls_at_once: int = 3
    calls_waiting: int = 64
    page_size: int = 200
    list_up_to: int = 256
    max_body_bytes: int = 1024 * 1024
    body_timeout_s: float = 10.0
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    drain_s: float = 5.0
    max_tools_per_device: int = 256
    input_timeout_s: float = 300.0
    watch_interval_s: float = 2.0
    task_ttl_s: float = 3600.0
    state_keys: tuple[bytes, ...] = field(default=(), repr=False)
    fast_path: bool = True
    auth: Auth = field(default_factory=Auth)
    limits: Limits = field(default_factory=Limits)
    groups: tuple[Group, ...] = ()
    servers: tuple[VirtualServer, ...] = ()

    @classmethod
    def of(cls, settings: Gateway, version: str, **further: Any) -> Options:
        """What the `[gateway]` table of the configuration says, and `further`; the two bear the same names."""
        values: dict[str, Any] = settings.model_dump()
        lists = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(version=version, **{**values, **lists, **further})
