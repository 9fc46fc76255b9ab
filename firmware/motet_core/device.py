# SPDX-License-Identifier: Apache-2.0
"""A device: the parts of the core around one port."""

import asyncio

from motet_core import VERSION, platform
from motet_core.artifact import Artifacts
from motet_core.artifact_boot import start_all
from motet_core.errors import MotetError, WireError
from motet_core.gateway_key import GatewayKey
from motet_core.grants import Grants
from motet_core.mcp import Mcp
from motet_core.offers import Offers
from motet_core.outbox import Outbox
from motet_core.port import HELLO, NOTIFICATION, PRESENCE, REPLY, REQUEST
from motet_core.rpc import Dispatcher
from motet_core.sensors import Sensors
from motet_core.service_desk import ServiceDesk
from motet_core.storage import Storage
from motet_core.supervisor import Supervisor
from motet_core.vitals import Vitals
from motet_core.wire import blocks, dictionary, hello, packed, presence


class Device:
    """`id`: text, or None for a board that takes it from the host's hello. `max_total`: largest message in bytes.
    `flash`: motet_native.store.Flash that keeps artifacts and values, or None. `extras`: further providers, each called with
    the device: hosts of tools (see supervisor) that may offer resources and prompts, too (see offers)."""

    def __init__(self, port, id=None, board=platform.BOARD, max_total=4096, sensors=None, flash=None, extras=()):
        self.port = port
        self.id = id
        self.board = board
        self.max_total = max_total
        self.sequence = 0
        self._nonce = None
        self._pins = None
        # Unix time at the start of the device's own clock, in milliseconds, by the host's last hello.
        self.clock = None
        self._resets = port.resets
        self._hash = None
        self._tid = int.from_bytes(platform.random_bytes(4), "big")
        # One message at a time: an event loop on a microcontroller lets only one task wait for room in the link.
        self._sending = asyncio.Lock()
        self._joiner = blocks.Joiner(max_total, platform.clock_ms, max_open=2)
        self.desk = ServiceDesk(self)
        self.supervisor = Supervisor(port.set_current)
        self.storage = Storage(flash, board)
        self.gateway_key = GatewayKey(self.storage)
        self.grants = Grants(self)
        self.outbox = Outbox(self._notify)
        check = self.gateway_key.check_artifact
        self.artifacts = Artifacts(
            self.supervisor, port.limit, max_total, self.catalogue_changed, self.storage.slots, check, self.grants
        )
        self.sensors = Sensors(sensors)
        self.offers = Offers(max_total)
        for provider in [self.sensors, Vitals(self)] + [extra(self) for extra in extras]:
            self.supervisor.add(provider)
            self.offers.add(provider)
        mcp = Mcp(self.supervisor, self.offers, self.board, VERSION, max_total)
        methods = mcp.methods()
        methods.update(self.offers.methods())
        methods.update(self.artifacts.methods())
        methods.update(self.gateway_key.methods())
        methods.update(self.grants.methods())
        methods.update({"storage.status": self._storage_status, "storage.format": self._storage_format})
        methods.update(self.desk.methods())
        self.rpc = Dispatcher(methods, self._reply, platform.clock_ms, port.log, max_total, interrupt=self.supervisor.interrupt)

    async def run(self):
        """Starts what flash holds, then serves until cancelled."""
        if self.storage.reason is not None and self.storage.has_flash:
            self.port.log(self.storage.reason)
        start_all(self.artifacts, self.storage, self.port.log)
        self.grants.tidy(wanted for _, wanted, _ in self.storage.slots.rows())
        try:
            await asyncio.gather(self.port.run(), self._read(), self.rpc.run(self._drain), self.outbox.run())
        finally:
            self.desk.close()

    @property
    def services(self):
        """What the device does for its components beside running them; imported when the first one needs it."""
        return self.desk.get()

    def known_id(self):
        """Its name, or the one that it had before a restart; None for a device that nobody has named yet."""
        if self.id is not None:
            return self.id
        kept = self.storage.values.get("core", "id")
        return None if kept is None else kept.decode()

    @property
    def pins(self):
        """Single pins (hal/pins.py), looked for when the first component asks."""
        if self._pins is None:
            from motet_core.hal import pins

            self._pins = pins.find()
        return self._pins

    def time_ms(self):
        """Unix time by the host's last hello, None before the first."""
        return None if self.clock is None else self.clock + platform.clock_ms()

    async def announce(self):
        """Sends the presence record; nothing before the first hello, whose nonce orders the records."""
        if self._nonce is None:
            return
        self.sequence += 1
        if self._hash is None:
            self._hash = self.supervisor.catalogue_hash()
        record = presence.encode(
            state=presence.ONLINE,
            dictionary=dictionary.VERSION,
            limit=self.port.limit,
            max_total=self.max_total,
            catalogue=self._hash,
            offers=self.offers.hash(),
            messages=int(self.desk.takes_part()),
            firmware="motet " + VERSION,
            nonce=self._nonce,
            sequence=self.sequence,
            board=self.board,
            id=self.id,
            reset_reason=platform.reset_reason(),
        )
        await self._send(PRESENCE, record)

    async def catalogue_changed(self):
        self.supervisor.changed()
        self._hash = None
        await self.announce()
        await self.notify("notifications/tools/list_changed")

    async def notify(self, method, params=None):
        """Tells everybody: lists that changed, resources with something new in them."""
        message = {"jsonrpc": "2.0", "method": method}
        if params is not None:
            message["params"] = params
        await self._notify(packed.dumps(message))

    async def _read(self):
        while True:
            await self._handle(*await self.port.recv())

    async def _drain(self):
        # Lets the link take in what is on the wire, then looks at all of it: a cancellation may wait behind.
        await asyncio.sleep(0)
        item = self.port.take()
        while item is not None:
            await self._handle(*item)
            item = self.port.take()

    async def _handle(self, channel, frame):
        if self.port.resets != self._resets:
            self._resets = self.port.resets
            self._joiner.clear()
            self.rpc.peer_restarted()
        try:
            if channel == HELLO:
                await self._hello(hello.decode(frame))
            elif channel == REQUEST:
                payload = self._joiner.feed(frame)
                if payload is not None:
                    await self.rpc.accept(payload)
            else:
                raise WireError("nothing is expected on channel %d" % channel)
        except WireError as error:
            self.rpc.counters["malformed"] += 1
            self.port.log("dropped a frame: " + error.message)
        except MemoryError:
            self._joiner.clear()
            self.port.log("dropped a frame: not enough memory")

    async def _hello(self, fields):
        self.clock = fields["time_ms"] - platform.clock_ms()
        if self._nonce is None:
            self._nonce = fields["nonce"]
            platform.stir(self._nonce)
        if self.id is None:
            self.id = self._choose_id(fields["id"])
        if not presence.valid_id(self.id):
            self.id = None
            raise WireError("hello: id holds a character other than A-Z a-z 0-9 _ -")
        await self.announce()

    def _choose_id(self, given):
        """The host's word counts, and is remembered for hosts that give none."""
        kept = self.storage.values.get("core", "id")
        if given is None:
            return self.board if kept is None else kept.decode()
        if presence.valid_id(given) and given.encode() != kept:
            try:
                self.storage.values.put("core", "id", given.encode())
            except MotetError as error:
                self.port.log("the id is not kept: " + error.message)
        return given

    async def _storage_status(self, params, request):
        return self.storage.status()

    async def _storage_format(self, params, request):
        self.gateway_key.check_format(params.get("manifest"))
        self.storage.format()
        await self.artifacts.clear(self.storage.slots)
        self.desk.forgotten()
        return {}

    async def _notify(self, data):
        await self._send(NOTIFICATION, data)

    async def _reply(self, data):
        await self._send(REPLY, data)

    async def _send(self, channel, data):
        async with self._sending:
            resets = self.port.resets
            self._tid = (self._tid + 1) & 0xFFFFFFFF
            if hasattr(self.port, "route"):
                self.port.route(channel, data)
            try:
                for frame in blocks.frames(data, self.port.send_limit, self._tid):
                    # The rest of a message means nothing to a peer that restarted in its middle.
                    if self.port.resets != resets:
                        return
                    await self.port.send(channel, frame)
            except ValueError as error:
                # A new peer may take shorter messages than the one before.
                self.port.log("dropped a message: %s" % error)
