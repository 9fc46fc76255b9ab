# SPDX-License-Identifier: Apache-2.0
"""Robot library that talks to a board over its framed link: hello, tools, artifacts, models.

It needs nothing but a TCP terminal on the link's UART, which Renode makes as well as our own emulators do.
"""

from __future__ import annotations

import hashlib
import json
import socket
from pathlib import Path
from typing import Any

from motet.emulate.keywords import settings
from motet.emulate.keywords.errors import KeywordError
from motet.emulate.keywords.link import BoardLink

_PATIENCE_S = 30.0


class Device:
    """One board; a new one for each test. Keywords raise KeywordError with what the board said.

    ``patience``: seconds of our time that any answer may take.
    """

    ROBOT_LIBRARY_SCOPE = "TEST"
    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, patience: float = _PATIENCE_S) -> None:
        self.ROBOT_LIBRARY_LISTENER = self
        self._patience = float(patience)
        self._open: BoardLink | None = None
        self._id = "robot"

    def end_test(self, data: Any, result: Any) -> None:
        """Robot calls it: a terminal must not stay taken."""
        self.disconnect_device()

    def free_port(self) -> int:
        """A TCP port that nobody listens on."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            return int(listener.getsockname()[1])

    def connect_device(self, port: int, id: str = "robot") -> dict[str, Any]:
        """Connect to the terminal on a port, say hello, return the board's presence record."""
        self.disconnect_device()
        self._open, self._id = BoardLink(int(port), self._patience * settings.current.timeout_factor, _alarm), id
        return self._greet()

    def disconnect_device(self) -> None:
        """Nothing happens when there is no connection."""
        link, self._open = self._open, None
        if link is not None:
            link.close()

    def wait_for_restart(self) -> dict[str, Any]:
        """Wait until the board has restarted, say hello again, return its presence record."""
        self._link.wait_for_restart(self._sessions)
        return self._greet()

    def list_tools(self) -> list[str]:
        """Names of all tools, page by page."""
        names: list[str] = []
        answer = self._link.call("tools/list")
        while True:
            names += [tool["name"] for tool in answer["tools"]]
            if "nextCursor" not in answer:
                return names
            answer = self._link.call("tools/list", cursor=answer["nextCursor"])

    def call_tool(self, tool: str, arguments: Any = None, **named: Any) -> Any:
        """The structured result of a tool; its arguments as named ones, or as one dictionary or JSON text.

        Numbers may come as text, which is how Robot writes them. Raises KeywordError when the tool fails.
        """
        given = _arguments(arguments) | {key: _value(value) for key, value in named.items()}
        result = self._link.call("tools/call", name=tool, arguments=given)
        if result.get("isError"):
            raise KeywordError(f"{tool}: {result['content'][0]['text']}")
        return result["structuredContent"]

    def install_artifact(self, kind: str, name: str, revision: int, path: str) -> dict[str, Any]:
        """Send a file as ``component`` or ``model``; returns its row in the board's list."""
        data = _bytes(path)
        begun = self._link.call(
            "artifact.begin", kind=kind, name=name, revision=int(revision), size=len(data), digest=hashlib.sha256(data).digest()
        )
        offset, block = 0, int(begun["block"])
        while offset < len(data):
            params = {"transfer": begun["transfer"], "offset": offset, "data": data[offset : offset + block]}
            offset = int(self._link.call("artifact.block", **params)["received"])
        self._link.call("artifact.commit", transfer=begun["transfer"])
        return self.artifact_should_be_installed(kind, name, int(revision))

    def list_artifacts(self) -> list[dict[str, Any]]:
        return [dict(row) for row in self._link.call("artifact.list")["artifacts"]]

    def artifact_should_be_installed(self, kind: str, name: str, revision: int) -> dict[str, Any]:
        rows = self.list_artifacts()
        for row in rows:
            if (row["kind"], row["name"], row["revision"]) == (kind, name, int(revision)):
                return row
        raise KeywordError(f"{kind} {name} revision {revision} is not among: {rows or 'nothing'}")

    def remove_artifact(self, kind: str, name: str) -> None:
        self._link.call("artifact.remove", kind=kind, name=name)

    def run_model(self, name: str, values: Any) -> list[list[int]]:
        """Outputs of a model for one input: a list of numbers, or one number for as many elements as the model takes.

        Returns a list per output tensor.
        """
        given = values if isinstance(values, list) else json.loads(str(values))
        return [list(row) for row in self.call_tool("models.predict", {"model": name, "input": given})["outputs"]]

    def device_log(self) -> list[str]:
        """Lines the board logged over the link since it was connected."""
        return list(self._link.logs)

    @property
    def _link(self) -> BoardLink:
        if self._open is None:
            raise KeywordError("no board is connected: Connect Device comes first")
        return self._open

    def _greet(self) -> dict[str, Any]:
        record = self._link.greet(self._id)
        self._sessions = self._link.sessions_ended
        return record


def _alarm() -> str | None:
    watch = settings.current.watch
    return watch.alarm() if watch is not None else None


def _arguments(given: Any) -> dict[str, Any]:
    if given is None or isinstance(given, dict):
        return dict(given or {})
    try:
        value = json.loads(given)
    except (TypeError, ValueError) as error:
        raise KeywordError(f"arguments: {given!r} is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise KeywordError(f"arguments: expected an object, got {given!r}")
    return value


def _value(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise KeywordError(f"{path}: {error.strerror}") from None
