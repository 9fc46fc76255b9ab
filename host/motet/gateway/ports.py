# SPDX-License-Identifier: Apache-2.0
"""What the gateway needs of the fleet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

Json = dict[str, Any]
Progress = Callable[[float, float | None, str | None], Awaitable[None]]


class FleetError(Exception):
    pass


class DeviceOffline(FleetError):
    pass


class DeviceTimeout(FleetError):
    pass


class DeviceRestarted(FleetError):
    pass


class BusDown(FleetError):
    pass


class RpcError(FleetError):
    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


class Device(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def online(self) -> bool: ...
    @property
    def board(self) -> str: ...
    @property
    def firmware(self) -> str: ...
    @property
    def reset_reason(self) -> str: ...
    @property
    def nonce(self) -> bytes: ...
    @property
    def last_seen(self) -> float | None: ...
    @property
    def link(self) -> Mapping[str, Any] | None: ...
    @property
    def tools(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def catalogue_hash(self) -> bytes: ...


class Fleet(Protocol):
    @property
    def unavailable(self) -> str | None: ...
    def devices(self) -> Iterable[Device]: ...
    def get(self, device: str) -> Device | None: ...
    def counters(self) -> Mapping[str, int]: ...
    async def call(self, device: str, method: str, params: Json, timeout: float, progress: Progress | None = None) -> Json: ...
