# SPDX-License-Identifier: Apache-2.0
"""The channel to an emulator of ours: JSON lines over a socket, one answer to each command."""

import json
import socket
from typing import Any

_ANSWER_SECONDS = 20.0


class ControlError(Exception):
    """The emulator refused a command, or did not answer."""


class Control:
    """Our end; `theirs` is handed to the child process."""

    def __init__(self) -> None:
        self._ours, self.theirs = socket.socketpair()
        self._ours.settimeout(_ANSWER_SECONDS)
        self._input = b""

    def started(self) -> None:
        """Call once the child has its end; waits until it is ready. Raises ControlError."""
        self.theirs.close()
        self._answer()

    def do(self, what: str, **arguments: Any) -> dict[str, Any]:
        """Give a command and return its answer. Raises ControlError."""
        try:
            self._ours.sendall(json.dumps({"do": what, **arguments}).encode() + b"\n")
        except OSError as error:
            raise ControlError(f"the emulator is gone ({error})") from error
        return self._answer()

    def close(self) -> None:
        """The child ends when it sees this."""
        self.theirs.close()
        self._ours.close()

    def _answer(self) -> dict[str, Any]:
        while b"\n" not in self._input:
            try:
                data = self._ours.recv(1 << 20)
            except TimeoutError as error:
                raise ControlError(f"no answer within {_ANSWER_SECONDS:.0f} s") from error
            except OSError as error:
                raise ControlError(str(error)) from error
            if not data:
                raise ControlError("the emulator has ended")
            self._input += data
        line, self._input = self._input.split(b"\n", 1)
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ControlError(answer["error"])
        return answer
