# SPDX-License-Identifier: Apache-2.0
"""Lines of standard input that are too long: passed over without being kept, and answered by the id at their beginning or end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

# Of a line that is too long, what is looked at for its id.
KEPT = 512
_ID = rb'"id"\s*:\s*(\d{1,18}|"[^"\\]{0,100}")\s*'
_VERSION = rb'"jsonrpc"\s*:\s*"2\.0"\s*'
# Clients write it before or behind method and params. An id within params is followed by more than one brace.
_FIRST = re.compile(rb"\s*\{\s*(?:" + _VERSION + rb",\s*)?" + _ID + rb"[,}]")
_LAST = re.compile(rb",\s*" + _ID + rb"(?:,\s*" + _VERSION + rb")?\}\s*\Z")


class LongLines:
    """Passes on lines of at most `most` bytes, `KEPT` or more; of a longer one it tells the id of its request, or None."""

    def __init__(self, most: int, tell: Callable[[int | str | None], None]) -> None:
        self._most, self._tell = most, tell
        self._line, self._ends, self._long = bytearray(), (b"", b""), False

    def feed(self, piece: bytes) -> bytes:
        """What of the input so far is whole lines that are not too long."""
        *ends, begun = piece.split(b"\n")
        whole = b"".join(self._end(end) for end in ends)
        self._grow(begun)
        return whole

    def rest(self) -> bytes:
        """The last line, where no end of it came."""
        return bytes(self._line)

    def _grow(self, piece: bytes) -> None:
        if not self._long:
            self._line += piece
            if len(self._line) > self._most:
                self._long, self._ends = True, (bytes(self._line[:KEPT]), bytes(self._line[-KEPT:]))
                self._line.clear()
        else:
            self._ends = self._ends[0], (self._ends[1] + piece)[-KEPT:]

    def _end(self, piece: bytes) -> bytes:
        self._grow(piece)
        if self._long:
            self._long = False
            self._tell(_id(*self._ends))
            return b""
        line = bytes(self._line) + b"\n"
        self._line.clear()
        return line


def _id(beginning: bytes, end: bytes) -> int | str | None:
    found = _FIRST.match(beginning) or _LAST.search(end)
    try:
        said: int | str | None = None if found is None else json.loads(found[1])
    except ValueError:
        return None
    return said
