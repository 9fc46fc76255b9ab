# SPDX-License-Identifier: Apache-2.0
"""A device in JSON, for the API and as its twin."""

from __future__ import annotations

from typing import Any

from motet.fleet import Device


def describe(device: Device) -> dict[str, Any]:
    """A device as JSON."""
    return {
        "id": device.id,
        "online": device.online,
        "board": device.board,
        "firmware": device.firmware,
        "catalogue": device.catalogue_hash.hex(),
        "tools": [tool["name"] for tool in device.tools],
        "last_seen": device.last_seen,
        "boot_nonce": device.nonce.hex(),
        "reset_reason": device.reset_reason,
        "link": device.link,
    }
