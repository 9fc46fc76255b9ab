# SPDX-License-Identifier: Apache-2.0
"""A device that says whatever the broker's rules let it say on its own topics, and junk on others. One seed, one course."""

from __future__ import annotations

import contextlib
import random
from typing import Any

import cbor2
from tests.support.fuzz_damage import ODD, changed, damaged
from tests.support.hostile_words import ANSWERS, ENTRY, FIELDS, LARGE, NOTIFICATIONS, OFFERS, SENT_ODD
from tests.support.sim_device import ECHO, SimDevice

from motet.bus import BusError
from motet.wire import Json, WireError, packed


class HostileDevice(SimDevice):
    """`act()` does one hostile thing; what it is asked it answers wrongly more often than not. `sent` counts messages."""

    def __init__(self, url: str, realm: str, device_id: str, seed: int) -> None:
        super().__init__(url, realm, device_id, (ECHO, ENTRY), self._handled)
        self.sent, self.seen = 0, bytearray()
        self._rng, self._realm, self._gateway = random.Random(seed), realm, "gateway-0"

    # What it says by itself.

    def act(self) -> None:
        """Say one thing that nobody asked for."""
        deeds = [self._present, self._notify, self._notify, self._reply, self._reply, self._elsewhere, self._blocks]
        self._rng.choice(deeds)()

    def _say(self, topic: str, payload: bytes, retain: bool = False) -> None:
        self.sent += 1
        try:
            self.bus.publish(topic, payload, qos=0, retain=retain)
        except (BusError, ValueError):
            self.sent -= 1

    def _present(self) -> None:
        rng = self._rng
        if rng.random() < 0.3:
            # In order, so that it has tools at times.
            self.announce(offers=OFFERS)
            return
        # A map of numbers and values, some of them wrong.
        fields = cbor2.loads(self.presence().encode())
        for name in rng.sample(sorted(fields), rng.randint(0, 2)):
            fields[name] = rng.choice([*FIELDS, rng.randbytes(8), rng.randbytes(16)])
        record = cbor2.dumps(fields, canonical=True)
        payload = damaged(rng, record) if rng.random() < 0.5 else record
        self._say(self._topics.presence(self.id), rng.choice([payload, payload, payload, b""]), retain=rng.random() < 0.5)

    def _notify(self) -> None:
        self._say(self._topic("n"), self._odd_bytes(self._rng.choice(NOTIFICATIONS)))

    def _reply(self) -> None:
        number = self._rng.choice([0, 1, self._rng.randrange(5000), -1, 2**40, "1", None])
        kind = self._rng.choice([{"result": {"ok": True}}, {"error": {"code": 1, "message": "no"}}, {}, NOTIFICATIONS[3]])
        self._say(self._topics.replies(self._gateway, self.id), self._odd_bytes({"id": number, **kind}))

    def _elsewhere(self) -> None:
        rng, base = self._rng, f"mcp/1/{self._realm}"
        device, gateway = f"{base}/d/{self.id}", f"{base}/g/{self._gateway}"
        topics = [
            f"{device}/x",
            f"{device}/s/more",
            f"{base}/d//s",
            f"{base}/d/{'y' * 100}/n",
            f"{gateway}/r/",
            "mcp",
            "/",
            "\u00e4",
        ]
        self._say(rng.choice(topics), rng.randbytes(rng.randint(0, 60)), retain=rng.random() < 0.05)

    def _blocks(self) -> None:
        rng = self._rng
        kinds = [b"\x84", b"\x85", b"\x84\x1a\xff\xff\xff\xff\x00\x19\xff\xff", b"\x85\x01\x00\x02\x48"]
        payload = rng.choice(kinds) + rng.randbytes(rng.randint(0, 40))
        self._say(rng.choice([self._topic("n"), self._topics.replies(self._gateway, self.id)]), payload)

    def _topic(self, last: str) -> str:
        return f"mcp/1/{self._realm}/d/{self.id}/{last}"

    def _odd_bytes(self, message: Json) -> bytes:
        rng = self._rng
        if rng.random() < 0.01:
            return rng.randbytes(rng.choice(LARGE))
        data = b"\xa0"
        for one in (message if rng.random() < 0.3 else changed(rng, message, ODD), message):
            # Not everything that is odd can be said.
            with contextlib.suppress(WireError, TypeError):
                data = packed.dumps({**one, "jsonrpc": "2.0"})
                break
        return damaged(rng, data) if rng.random() < 0.5 else data

    # What it says when it is asked.

    def _received(self, topic: str, payload: bytes) -> None:
        # Looked at for what was never meant for it.
        self.seen += payload if len(self.seen) < 1 << 22 else b""
        super()._received(topic, payload)
        self.requests.clear()

    def send(self, gateway: str, message: Json, as_device: str | None = None) -> None:
        self._gateway = gateway
        rng, topic = self._rng, self._topics.replies(gateway, self.id)
        if rng.random() < 0.4:
            self._count(lambda: super(HostileDevice, self).send(gateway, message, as_device))
            if rng.random() < 0.2:
                self._count(lambda: super(HostileDevice, self).send(gateway, message, as_device))
        elif rng.random() < 0.9:
            self._say(topic, self._odd_bytes({key: value for key, value in message.items() if key != "jsonrpc"}))

    def _count(self, say: Any) -> None:
        self.sent += 1
        try:
            say()
        except (BusError, WireError):
            self.sent -= 1

    def _answer(self, message: Json) -> Json | None:
        found = ANSWERS.get(message["method"])
        if found is None:
            return super()._answer(message)  # type: ignore[no-any-return]
        whole = {"resultType": "complete", **found}
        return {"result": whole if self._rng.random() < 0.6 else changed(self._rng, whole, SENT_ODD)}

    def _handled(self, _name: str, _arguments: Json) -> Json:
        """The result of a call: some kind of object."""
        rng = self._rng
        good: Json = {"resultType": "complete", "content": [{"type": "text", "text": "x"}], "structuredContent": {"a": 1}}
        good["resultType"] = rng.choice(["complete", "complete", "input_required", "task", "other"])
        if good["resultType"] == "task":
            good |= {
                "taskId": rng.choice(["t", "", "x" * 200]),
                "status": rng.choice(["working", "completed", "odd"]),
                "ttlMs": rng.choice(ODD[:8]),
            }
        if good["resultType"] == "input_required":
            good |= {"inputRequests": {"a": {"method": "elicitation/create", "params": {}}}, "requestState": "state"}
        made = good if rng.random() < 0.3 else changed(rng, good, SENT_ODD)
        return made if isinstance(made, dict) else good
