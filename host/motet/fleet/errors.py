# SPDX-License-Identifier: Apache-2.0
"""Why a call to a device has no result.

FleetError
├── DeviceOffline     the device is not there, or left during the call
├── DeviceTimeout     no answer in time
├── DeviceRestarted   the device booted again during the call; whether the work was done is unknown
├── BusDown           no connection to the broker
└── RpcError          the device answered with a JSON-RPC error: code, message, data
    └── BadAnswer     the device answered with something that is no answer (code -32063)
"""

from __future__ import annotations

from typing import Any

BAD_ANSWER = -32063


class FleetError(Exception):
    """The base of all errors of calls to devices; `device` is the id."""

    def __init__(self, device: str, message: str) -> None:
        super().__init__(message)
        self.device, self.message = device, message


class DeviceOffline(FleetError):
    """The device is not there."""


class DeviceTimeout(FleetError):
    """The device did not answer in time; it was told to stop."""


class DeviceRestarted(FleetError):
    """The device booted again while the call ran."""


class BusDown(FleetError):
    """The broker cannot be reached."""


class RpcError(FleetError):
    """The device's own JSON-RPC error."""

    def __init__(self, device: str, code: int, message: str, data: Any = None) -> None:
        super().__init__(device, message)
        self.code, self.data = code, data


class BadAnswer(RpcError):
    """The device broke the protocol in its answer to this call."""

    def __init__(self, device: str, message: str) -> None:
        super().__init__(device, BAD_ANSWER, message)
