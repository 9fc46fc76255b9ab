# SPDX-License-Identifier: Apache-2.0
"""Talking in lines with a device that answers MCP on standard input and output."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from typing import Any

Json = dict[str, Any]
REVISION = "2026-07-28"
PREFIX = "io.modelcontextprotocol/"
DEADLINE_S = 20


def request(method: str, id: object, able: Json | None = None, version: str = REVISION, **params: Any) -> Json:
    """One of revision 2026-07-28; `able`: the client's capabilities."""
    meta = {PREFIX + "protocolVersion": version, PREFIX + "clientCapabilities": able or {}}
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": {**params, "_meta": meta}}


def older(method: str, id: object = None, **params: Any) -> Json:
    """One of a revision with a handshake; without id a notification."""
    message = {"jsonrpc": "2.0", "method": method, "params": params}
    return message if id is None else {**message, "id": id}


class Talk:
    """A running device; leaving the block ends its input."""

    def __init__(self, command: list[str]) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*command, "--stdio"], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        self._said: queue.Queue[str] = queue.Queue()
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def __enter__(self) -> Talk:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        try:
            self.process.wait(DEADLINE_S)
        finally:
            self.process.kill()
            self._reading.join(DEADLINE_S)
            self.process.stdout.close()

    def say(self, *messages: Json) -> None:
        assert self.process.stdin
        for message in messages:
            self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Json:
        """The next message."""
        return dict(json.loads(self._said.get(timeout=DEADLINE_S)))

    def ask(self, message: Json) -> Json:
        """The answer to a request, which must be the next thing it says."""
        self.say(message)
        answer = self.hear()
        assert answer.get("id") == message["id"], answer
        return answer

    def call(self, tool: str, id: object = 1, able: Json | None = None, arguments: Json | None = None, **params: Any) -> Json:
        return self.ask(request("tools/call", id, able, name=tool, arguments=arguments or {}, **params))

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self._said.put(line)
