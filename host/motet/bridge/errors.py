# SPDX-License-Identifier: Apache-2.0
"""Why a bridge ends by itself. Everything else (no port, no device, no broker) it waits out."""

from motet.bus import GuardRefused


class IdTaken(GuardRefused):
    """Another board with this id is connected and alive."""

    def __init__(self, device: str) -> None:
        super().__init__(f"another board with the id {device!r} is connected already; give one of them another id")
        self.device = device
