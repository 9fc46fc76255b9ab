# SPDX-License-Identifier: Apache-2.0
"""Virtual devices in a process of their own, which may be killed in the middle of their calls and started again.

As a program it prints `ready`, boots its devices anew for each line on its standard input, and ends with it:
python -m tests.support.virtual_fleet URL REALM ID [ID ...]. `VirtualFleet` is the other end.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import uvloop
from tests.support.sim_device import SimDevice

from motet.wire import Json

ROOT = Path(__file__).resolve().parents[2]
SLOW_S = 0.02
ECHO, SLOW = "sim.echo", "sim.slow"
_SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
TOOLS = tuple({"name": name, "description": "Says who answers.", "inputSchema": _SCHEMA} for name in (ECHO, SLOW))


class Device(SimDevice):
    """Answers with its id and what it was told: `sim.echo` at once, `sim.slow` later, and never after a reboot."""

    def __init__(self, url: str, realm: str, device_id: str) -> None:
        super().__init__(url, realm, device_id, TOOLS, self._told)
        self._slow = False

    def _told(self, name: str, arguments: Json) -> Json:
        self._slow = name == SLOW
        content = [{"type": "text", "text": arguments["text"]}]
        told = {"device": self.id, "text": arguments["text"]}
        return {"resultType": "complete", "content": content, "structuredContent": told}

    def _received(self, topic: str, payload: bytes) -> None:
        super()._received(topic, payload)
        # Millions come: none is kept.
        self.requests.clear()

    def send(self, gateway: str, message: Json, as_device: str | None = None) -> None:
        if not self._slow:
            super().send(gateway, message, as_device)
            return
        self._slow = False
        asyncio.get_running_loop().call_later(SLOW_S, self._send_of, self.nonce, gateway, message)

    def _send_of(self, boot: bytes, gateway: str, message: Json) -> None:
        if boot == self.nonce and self.bus.connected:
            super().send(gateway, message)


class VirtualFleet:
    """The devices `ids` behind the broker at `url`, in another process."""

    def __init__(self, url: str, realm: str, ids: list[str]) -> None:
        self.ids = ids
        self._command = [sys.executable, "-m", "tests.support.virtual_fleet", url, realm, *ids]
        self._process: subprocess.Popen[str] | None = None

    async def start(self) -> None:
        """Return when all of them are connected to the broker."""
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = await asyncio.to_thread(self._process.stdout.readline)
        if line != "ready\n":
            raise RuntimeError("the virtual devices did not start")

    def reboot(self) -> None:
        """All of them forget what they do and are another boot; their connections stay."""
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """All of them are gone at once, as without power."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


async def _serve(url: str, realm: str, ids: list[str]) -> None:
    devices = [await Device(url, realm, device_id).start() for device_id in ids]
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        for device in devices:
            device.reboot()
    await asyncio.gather(*(device.stop() for device in devices))


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1], sys.argv[2], sys.argv[3:]))
