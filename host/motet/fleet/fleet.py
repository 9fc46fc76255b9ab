# SPDX-License-Identifier: Apache-2.0
"""The facade: presence in, devices with verified tools out, calls through."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from motet.bus import Bus
from motet.fleet.again import Again
from motet.fleet.calls import Log, Progress
from motet.fleet.catalogues import NOTHING, Ask, Catalogues, OfferCatalogues, Offers
from motet.fleet.device import Device, Event
from motet.fleet.errors import DeviceOffline, DeviceRestarted
from motet.fleet.reading import Reading
from motet.fleet.registry import Registry
from motet.fleet.returning import Returning
from motet.fleet.router import Router
from motet.wire import Json, Topics, WireError, new_gateway_id, packed
from motet_core.wire import blocks

log = logging.getLogger(__name__)

Listener = Callable[[Event], None]

# Notifications that are passed on, and as which event.
_TOLD: dict[str, Literal["message", "updated", "sent", "subscribed"]] = {
    "notifications/message": "message",
    "notifications/resources/updated": "updated",
    "motet/message": "sent",
    "motet/subscriptions": "subscribed",
}

_CATALOGUE_TIMEOUT_S = 15.0
_BLOCKS = (b"\x84", b"\x85")
# The longest notification that is looked at, in bytes: a device says what fits its line, a broker lets anybody say more.
_NOTIFICATION = 64 << 10


class Fleet:
    """The devices of one realm, as one gateway sees them. The bus belongs to the caller and outlives the fleet."""

    def __init__(self, bus: Bus, realm: str, name: str = "gateway", call_timeout_s: float = 30.0) -> None:
        self.gateway_id = new_gateway_id(name)
        self.call_timeout_s = call_timeout_s
        self._bus, self._topics = bus, Topics(realm)
        self._router = Router(bus, self._topics, self.gateway_id)
        self._registry = Registry(self._happened)
        self._catalogues, self._offers = Catalogues(), OfferCatalogues()
        self._tools_of = Reading("tools", self._catalogues, self._asker, lambda one: one.catalogue_hash, self._set_tools)
        self._offers_of = Reading("resources", self._offers, self._asker, lambda one: one.offers_hash, self._set_offers)
        self._listeners: list[Listener] = []
        self._returning = Returning(lambda: self.awaited, self._registry.give_up)
        self._counts: Counter[str] = Counter()
        self._joiners: dict[str, blocks.Joiner] = {}
        self._forget_bus: Callable[[], None] = lambda: None
        self._again = Again(lambda: self._bus.again(self._topics.all_presence()))

    async def start(self) -> None:
        """Subscribe; devices that are there already arrive right after. Raises BusRefused when the broker declines."""
        self._forget_bus = self._bus.on_state(self._bus_changed)
        await self._bus.subscribe(self._topics.all_replies(self.gateway_id), self._router.receive, qos=0)
        await self._bus.subscribe(self._topics.all_notifications(), self._notified)
        # A new connection brings all that is retained. In a storm brokers queue few messages of QoS 1 for a client and drop the
        # rest; QoS 0 has the buffers of the socket besides. What is dropped all the same comes a while later.
        await self._bus.subscribe(self._topics.all_presence(), self._present, qos=0)
        self._again.begin()

    async def close(self) -> None:
        """End every call with DeviceOffline, stop reading catalogues, unsubscribe; may be called again."""
        self._forget_bus()
        self._forget_bus = lambda: None
        self._returning.cancel()
        self._again.cancel()
        for topic_filter in (
            self._topics.all_presence(), self._topics.all_notifications(), self._topics.all_replies(self.gateway_id)
        ):  # fmt: skip
            self._bus.unsubscribe(topic_filter)
        for device in self._registry.devices.values():
            self._router.end_calls(device, DeviceOffline(device.id, "the gateway is stopping"))
        await asyncio.gather(self._tools_of.close(), self._offers_of.close())

    @property
    def unavailable(self) -> str | None:
        """Why no device can be reached, None when the broker can."""
        return None if self._bus.connected else str(self._bus.failure or "not connected to the broker")

    @property
    def reading(self) -> int:
        """How many lists of devices are being read."""
        return len(self._tools_of) + len(self._offers_of)

    @property
    def awaited(self) -> int:
        """How many devices count as online but have not shown themselves on the present connection to the broker."""
        return sum(device.online and not device.confirmed.is_set() for device in self.devices())

    def devices(self) -> tuple[Device, ...]:
        """Every device seen since the start, also those that are offline."""
        return tuple(self._registry.devices.values())

    def get(self, device: str) -> Device | None:
        """The device with this id."""
        return self._registry.devices.get(device)

    def tools(self) -> Iterator[tuple[Device, Mapping[str, object]]]:
        """(device, tools/list entry) of all devices that are online."""
        return ((device, tool) for device in self.devices() if device.online for tool in device.tools)

    def counters(self) -> Mapping[str, int]:
        """What was dropped or refused so far, by reason."""
        total = Counter({"catalogue_mismatches": self._catalogues.mismatches + self._offers.mismatches})
        for counts in (self._router.counts, self._registry.counts, self._counts):
            total.update(counts)
        return total

    def traffic(self) -> Mapping[str, int]:
        """Bytes of packed messages so far: `sent` to devices, `received` from them."""
        return {"sent": self._router.bytes_sent, "received": self._router.bytes_received}

    def add_listener(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(event)` on the loop for each event; it must not block. Returns what removes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def call(
        self,
        device: str,
        method: str,
        params: Json,
        timeout: float | None = None,
        progress: Progress | None = None,
        log: Log | None = None,
    ) -> Json:
        """The result of any request to a device, within `timeout` seconds (default call_timeout_s). Raises FleetError.

        Cancelling the awaiting task, or the time-out, tells the device to stop. `progress(done, total, message)` and
        `log(level, data)` are awaited for each report and line, one at a time and never after the result.
        """
        found = self._registry.devices.get(device)
        if found is None:
            raise DeviceOffline(device, f"no device {device!r} has shown itself")
        limit = self.call_timeout_s if timeout is None else timeout
        return await self._router.call(found, method, params, limit, progress, log)

    async def call_tool(
        self, device: str, name: str, arguments: Json, timeout: float | None = None, progress: Progress | None = None
    ) -> Json:
        """The result of tools/call; a tool's own failure is a result with isError. Raises FleetError."""
        return await self.call(device, "tools/call", {"name": name, "arguments": arguments}, timeout, progress)

    # What comes from the bus.

    def _bus_changed(self, connected: bool) -> None:
        self._returning.cancel()
        self._registry.doubt()
        if connected:
            self._returning.begin()

    def _present(self, topic: str, payload: bytes) -> None:
        device_id = self._topics.device_of(topic)
        if device_id is None:
            self._counts["presence_malformed"] += 1
            return
        device = self._registry.receive(device_id, payload)
        if device is not None:
            self._router.confirmed(device)
            if device.record.catalogue is not None:
                self._tools_of.want(device, device.record.catalogue)
            self._want_offers(device)

    def _notified(self, topic: str, payload: bytes) -> None:
        device = self._registry.devices.get(self._topics.device_of(topic) or "")
        try:
            if len(payload) > _NOTIFICATION:
                raise WireError("too long")
            # Most are one frame: account of blocks is kept only of devices that send any.
            whole = self._whole(device, payload) if device is not None and payload[:1] in _BLOCKS else payload
            if whole is None:
                return
            message = packed.loads(whole)[0]
        except WireError:
            self._counts["notifications_malformed"] += 1
            return
        if device is None or "id" in message:
            self._counts["notifications_dropped"] += 1
        elif (kind := _TOLD.get(str(message.get("method")))) and isinstance(message.get("params"), dict):
            device.seen()
            self._tell(Event(kind, device, data=message["params"]))

    def _whole(self, device: Device, payload: bytes) -> bytes | None:
        """A notification that came in blocks, once all of them are there."""
        joiner = self._joiners.get(device.id)
        if joiner is None:
            loop = asyncio.get_running_loop()
            joiner = self._joiners[device.id] = blocks.Joiner(_NOTIFICATION, lambda: int(loop.time() * 1000))
        whole: bytes | None = joiner.feed(payload)
        return whole

    # What follows from it.

    def _happened(self, event: Event) -> None:
        device = event.device
        if event.kind in ("departed", "restarted"):
            self._joiners.pop(device.id, None)
        if event.kind == "departed":
            self._router.end_calls(device, DeviceOffline(device.id, f"device {device.id} is gone: {event.reason}"))
            self._stop_reading(device)
        elif event.kind == "restarted":
            self._router.end_calls(device, DeviceRestarted(device.id, f"device {device.id} booted again: {event.reason}"))
            self._stop_reading(device)
        self._tell(event)

    def _tell(self, event: Event) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:
                log.exception("a listener of the fleet failed")

    def _stop_reading(self, device: Device) -> None:
        self._tools_of.stop(device)
        self._offers_of.stop(device)

    def _want_offers(self, device: Device) -> None:
        wanted = device.record.offers or b""
        if wanted:
            self._offers_of.want(device, wanted)
        elif device.offers_hash:
            self._set_offers(device, b"", NOTHING)

    def _set_tools(self, device: Device, wanted: bytes, tools: tuple[Json, ...]) -> None:
        device.tools, device.catalogue_hash = tools, wanted
        self._tell(Event("tools", device))

    def _set_offers(self, device: Device, wanted: bytes, offers: Offers) -> None:
        device.offers, device.offers_hash = offers, wanted
        self._tell(Event("offers", device))

    def _asker(self, device: Device) -> Ask:
        return lambda method, params: self._router.call(device, method, params, _CATALOGUE_TIMEOUT_S)
