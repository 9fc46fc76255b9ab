# SPDX-License-Identifier: Apache-2.0
"""Presence records to device states. Pure bookkeeping: what comes in may be late, doubled, replayed or forged.

Records of one boot (nonce) are ordered by their sequence. A boot that another one has followed never comes back. An
offline record counts for the boot it names only: a last will is written before it is known what follows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from motet.fleet.device import Device, Event
from motet.wire import Presence, WireError
from motet.wire.faults import Faults

log = logging.getLogger(__name__)

MAX_DEVICES = 20_000


class Registry:
    """All devices of a realm by id. `tell` gets every event; `counts` says what was refused and why."""

    def __init__(self, tell: Callable[[Event], None], max_devices: int = MAX_DEVICES) -> None:
        self.devices: dict[str, Device] = {}
        self.counts = Faults(log)
        self._tell, self._max_devices = tell, max_devices

    def receive(self, device_id: str, payload: bytes) -> Device | None:
        """Take one payload of a presence topic; returns the device when the record shows it online, else None."""
        if not payload:
            self._forget(device_id)
            return None
        try:
            record = Presence.decode(payload)
        except WireError as error:
            self._refuse("presence_malformed", device_id, str(error))
            return None
        if record.id != device_id:
            self._refuse("presence_foreign", device_id, f"it names {record.id}")
            return None
        return self._apply(record)

    def doubt(self) -> None:
        """The connection to the broker is new: who is there has to show itself again."""
        for device in self.devices.values():
            device.confirmed.clear()

    def give_up(self) -> None:
        """Count out the devices that have not shown themselves since `doubt`."""
        for device in self.devices.values():
            if device.online and not device.confirmed.is_set():
                device.presumed_gone = True
                self._depart(device, "it did not come back after the broker did")

    def _apply(self, record: Presence) -> Device | None:
        device = self.devices.get(record.id)
        if device is None:
            if len(self.devices) >= self._max_devices:
                self._refuse("presence_too_many", record.id, f"there are {self._max_devices} devices already")
                return None
            device = self.devices[record.id] = Device(record)
            return self._show(device, record, "arrived") if record.online else None
        if record.nonce in device.retired:
            self._refuse("presence_replayed", record.id, "it is of an earlier boot, or two devices have this id")
            return None
        if not record.online:
            self._leave(device, record)
            return None
        return self._same_boot(device, record) if record.nonce == device.nonce else self._new_boot(device, record)

    def _leave(self, device: Device, record: Presence) -> None:
        if device.online:
            device.presumed_gone = False
            same = record.nonce == device.nonce
            self._depart(device, "it is disconnected" if same else "another boot of it is disconnected")

    def _same_boot(self, device: Device, record: Presence) -> Device | None:
        repeated = record.sequence == device.record.sequence and (device.online or device.presumed_gone)
        # A device known by its last will only has shown no record yet.
        first = not device.online and device.record.dictionary is None
        if record.sequence <= device.record.sequence and not repeated and not first:
            self._refuse("presence_stale", record.id, f"sequence {record.sequence} after {device.record.sequence}")
            return None
        return self._show(device, record, "arrived")

    def _new_boot(self, device: Device, record: Presence) -> Device | None:
        device.retire()
        return self._show(device, record, "restarted" if device.online else "arrived")

    def _show(self, device: Device, record: Presence, kind: str) -> Device:
        news = not device.online or kind == "restarted"
        device.record, device.online, device.presumed_gone = record, True, False
        device.seen()
        device.confirmed.set()
        if news:
            log.info("device %s %s (%s, %s)", device.id, kind, device.board, device.firmware)
            self._tell(Event("restarted" if kind == "restarted" else "arrived", device, device.reset_reason))
        return device

    def _depart(self, device: Device, reason: str) -> None:
        device.online = False
        device.confirmed.clear()
        log.info("device %s departed: %s", device.id, reason)
        self._tell(Event("departed", device, reason))

    def _forget(self, device_id: str) -> None:
        device = self.devices.get(device_id)
        if device is not None and not device.online:
            del self.devices[device_id]
            self._tell(Event("removed", device))

    def _refuse(self, count: str, device_id: str, why: str) -> None:
        self.counts.note(count, "presence of %s refused: %s", device_id, why)
