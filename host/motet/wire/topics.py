# SPDX-License-Identifier: Apache-2.0
"""The MQTT topics of a realm. Ids are checked before they become part of a topic: `#`, `+` and `/` would change its meaning."""

from __future__ import annotations

import secrets

from motet_core.wire import presence

_PREFIX = "mcp/1"


def valid_id(text: object) -> bool:
    """Whether `text` may name a realm, a device or a gateway: 1 to 32 characters of A-Z a-z 0-9 _ -."""
    return bool(presence.valid_id(text))


def checked(text: str, what: str) -> str:
    """`text` itself; raises ValueError naming `what` when it is not a valid id."""
    if not valid_id(text):
        raise ValueError(f"{what} {text!r} is not 1 to 32 characters of A-Z a-z 0-9 _ -")
    return text


def new_gateway_id(name: str) -> str:
    """`name` with a random suffix, so that a late answer to an earlier process meets nobody. Name at most 23 characters."""
    return checked(f"{name}-{secrets.token_hex(4)}", "gateway id")


class Topics:
    """Topic names within one realm. Every method raises ValueError for an invalid id."""

    def __init__(self, realm: str) -> None:
        self._devices = f"{_PREFIX}/{checked(realm, 'realm')}/d/"
        self._gateways = f"{_PREFIX}/{realm}/g/"

    def requests(self, device: str) -> str:
        """Requests and cancellations to a device."""
        return f"{self._devices}{checked(device, 'device id')}/q"

    def notifications(self, device: str) -> str:
        """What a device tells everybody: list_changed, log messages."""
        return f"{self._devices}{checked(device, 'device id')}/n"

    def presence(self, device: str) -> str:
        """The retained presence record of a device."""
        return f"{self._devices}{checked(device, 'device id')}/s"

    def replies(self, gateway: str, device: str) -> str:
        """Answers and progress from a device to one gateway; the device's id comes last, for the broker's access rules."""
        return f"{self._gateways}{checked(gateway, 'gateway id')}/r/{checked(device, 'device id')}"

    def all_presence(self) -> str:
        """Filter for the presence of every device."""
        return f"{self._devices}+/s"

    def all_notifications(self) -> str:
        """Filter for the notifications of every device."""
        return f"{self._devices}+/n"

    def all_replies(self, gateway: str) -> str:
        """Filter for every answer to one gateway."""
        return f"{self._gateways}{checked(gateway, 'gateway id')}/r/+"

    def device_of(self, topic: str) -> str | None:
        """The device id in a presence, notification or reply topic of this realm, None when there is no valid one."""
        if topic.startswith(self._devices):
            found = topic[len(self._devices) :].rpartition("/")[0]
        elif topic.startswith(self._gateways):
            found = topic.rpartition("/r/")[2]
        else:
            return None
        return found if valid_id(found) else None
