# SPDX-License-Identifier: Apache-2.0
"""Requests out, answers in. Every call ends: with the device's answer, a typed error, or its caller's cancellation.

Requests and answers travel at QoS 0: over TCP they are lost only with a connection, and then the router itself asks
again under the same id (devices answer doubled requests once), but only after the device has shown that it did not boot
in between. That costs half the CPU time of QoS 1, whose acknowledgements end at the broker anyway.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets

from motet.bus import Bus, BusError
from motet.fleet.calls import Call, Calls, Lines, Log, Progress, Reporter
from motet.fleet.device import Device
from motet.fleet.errors import BadAnswer, BusDown, DeviceOffline, DeviceTimeout, FleetError, RpcError
from motet.wire import Json, Topics, WireError, packed
from motet.wire.faults import Faults
from motet_core.wire import blocks

log = logging.getLogger(__name__)

# How long a call waits for the connection, or for a device to show itself after one, before it is refused.
PATIENCE_S = 2.0
_JOINED = 1 << 20


class Router:
    """Calls devices through `bus` as the gateway `gateway_id`; `counts` says what was dropped, `bytes_*` what went through."""

    def __init__(self, bus: Bus, topics: Topics, gateway_id: str) -> None:
        self.counts = Faults(log)
        self.bytes_sent = self.bytes_received = 0
        self._bus, self._topics, self._gateway_id = bus, topics, gateway_id
        self._loop = asyncio.get_running_loop()
        self._calls = Calls()
        self._joiners: dict[str, blocks.Joiner] = {}
        self._transfer = secrets.randbits(32)

    async def call(
        self,
        device: Device,
        method: str,
        params: Json,
        timeout: float,
        progress: Progress | None = None,
        log: Log | None = None,
    ) -> Json:
        """The result of a request to `device` within `timeout` seconds. Raises FleetError."""
        if not device.online:
            raise DeviceOffline(device.id, f"device {device.id} is offline")
        deadline = self._loop.time() + timeout
        if not (self._bus.connected and device.confirmed.is_set()):
            await self._ready(device, min(timeout, PATIENCE_S))
        reporter, lines = Reporter(progress) if progress else None, Lines(log) if log else None
        call = self._calls.open(device, method, params, deadline, reporter, lines)
        timer = self._loop.call_later(deadline - self._loop.time(), self._expire, call)
        try:
            self._send(call)
            result = await call.answer
            for listener in (reporter, lines):
                if listener is not None:
                    await listener.finish(deadline - self._loop.time())
            return result
        except (asyncio.CancelledError, DeviceTimeout):
            self._withdraw(call)
            raise
        finally:
            timer.cancel()
            for listener in (reporter, lines):
                if listener is not None:
                    listener.stop()
            self._calls.close(call)

    async def _ready(self, device: Device, timeout: float) -> None:
        try:
            async with asyncio.timeout(timeout):
                # Again: the device may leave between its showing itself and the moment this task runs.
                while not (self._bus.connected and device.confirmed.is_set()):
                    await self._bus.wait_connected()
                    await device.confirmed.wait()
        except BusError as error:
            raise BusDown(device.id, str(error)) from error
        except TimeoutError:
            if not self._bus.connected:
                raise BusDown(device.id, f"no connection to the broker: {self._bus.failure}") from None
            raise DeviceOffline(device.id, f"device {device.id} has not come back after the broker did") from None

    def _send(self, call: Call) -> None:
        """Publish the request, in as many frames as the device needs."""
        params = call.params
        if call.reporter is not None:
            params = {**params, "_meta": {**params.get("_meta", {}), "progressToken": call.id}}
        message = {"jsonrpc": "2.0", "id": call.id, "method": call.method, "params": params}
        wanted = max(1, math.ceil(call.deadline - self._loop.time()))
        payload = packed.dumps(message, self._gateway_id, wanted)
        if len(payload) > call.device.max_total:
            most = call.device.max_total
            raise RpcError(call.device.id, -32056, f"the request has {len(payload)} bytes, the device takes at most {most}")
        call.connection = self._bus.connections
        self._publish(call.device, payload)

    def _publish(self, device: Device, payload: bytes) -> None:
        topic = self._topics.requests(device.id)
        self.bytes_sent += len(payload)
        try:
            if len(payload) <= device.limit:
                self._bus.publish(topic, payload, qos=0)
                return
            self._transfer = (self._transfer + 1) & 0xFFFFFFFF
            for frame in blocks.split(payload, device.limit, self._transfer):
                self._bus.publish(topic, frame, qos=0)
        except BusError as error:
            raise BusDown(device.id, str(error)) from error

    def _expire(self, call: Call) -> None:
        if self._bus.connected:
            call.fail(DeviceTimeout(call.device.id, f"device {call.device.id} did not answer {call.method} in time"))
        else:
            call.fail(BusDown(call.device.id, f"the connection to the broker was lost during the call: {self._bus.failure}"))

    def _withdraw(self, call: Call) -> None:
        """Tell the device that nobody waits any more."""
        params = {"requestId": call.id, "reason": "the caller does not wait any more"}
        message = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
        try:
            self._publish(call.device, packed.dumps(message, self._gateway_id))
        except FleetError:
            log.debug("request %d could not be withdrawn", call.id)

    # What comes from the registry.

    def end_calls(self, device: Device, error: FleetError) -> None:
        """The device is gone or another boot: none of its calls will be answered."""
        self._joiners.pop(device.id, None)
        for call in self._calls.of(device.id):
            call.fail(error)

    def confirmed(self, device: Device) -> None:
        """The device is there, in the same boot: ask again what a lost connection may have swallowed."""
        for call in self._calls.of(device.id):
            if call.connection != self._bus.connections and call.nonce == device.nonce and not call.answer.done():
                try:
                    self._send(call)
                except FleetError as error:
                    call.fail(error)

    # What comes from devices.

    def receive(self, topic: str, payload: bytes) -> None:
        """Take one payload of a reply topic; what no call waits for is counted and dropped."""
        self.bytes_received += len(payload)
        device_id = self._topics.device_of(topic)
        if device_id is None:
            self.counts["answers_malformed"] += 1
            return
        try:
            whole = self._join(device_id, payload)
            if whole is not None:
                self._deliver(device_id, packed.loads(whole)[0])
        except WireError as error:
            self.counts.note("answers_malformed", "device %s sent an answer that cannot be read: %s", device_id, error)

    def _join(self, device_id: str, payload: bytes) -> bytes | None:
        if payload[:1] not in (b"\x84", b"\x85"):
            if len(payload) > _JOINED:
                raise WireError(f"{len(payload)} bytes, at most {_JOINED}")
            return payload
        joiner = self._joiners.get(device_id)
        if joiner is None:
            # Blocks from nobody we talk to would only fill memory.
            if next(self._calls.of(device_id), None) is None:
                self.counts["answers_unknown"] += 1
                return None
            joiner = self._joiners[device_id] = blocks.Joiner(_JOINED, lambda: int(self._loop.time() * 1000))
        whole: bytes | None = joiner.feed(payload)
        return whole

    def _deliver(self, device_id: str, message: Json) -> None:
        if "method" in message:
            if not self._told(device_id, message):
                self.counts["progress_dropped"] += 1
            return
        call = self._calls.get(message.get("id"))
        if call is None or call.answer.done():
            self.counts[self._calls.stray(message.get("id"))] += 1
        elif call.device.id != device_id:
            self.counts.note("answers_foreign", "device %s answered a request to %s", device_id, call.device.id)
        else:
            call.device.seen()
            _finish(call, message)

    def _told(self, device_id: str, message: Json) -> bool:
        """Whether a notification belongs to a call under way of this device, and was taken."""
        params = message.get("params")
        # Whatever a device calls a method: it need not even be a text.
        name = {"notifications/progress": "progressToken", "notifications/message": "requestId"}.get(str(message["method"]))
        if not isinstance(params, dict) or name is None:
            return False
        call = self._calls.get(params.get(name))
        if call is None or call.device.id != device_id or call.answer.done():
            return False
        if name == "requestId":
            return call.lines is not None and call.lines.add(params)
        return call.reporter is not None and call.reporter.report(params)


def _finish(call: Call, message: Json) -> None:
    call.answered = True
    result, error = message.get("result"), message.get("error")
    if isinstance(result, dict) and error is None:
        call.answer.set_result(result)
    elif isinstance(error, dict) and type(error.get("code")) is int and isinstance(error.get("message"), str) and result is None:
        call.fail(RpcError(call.device.id, error["code"], error["message"], error.get("data")))
    else:
        call.fail(BadAnswer(call.device.id, f"device {call.device.id} answered {call.method} with neither result nor error"))
