# SPDX-License-Identifier: Apache-2.0
"""Memory-mapped registers: those with a meaning by functions, all others as memory, like a part's unused ones."""

from collections.abc import Callable

Read = Callable[[], int]
Write = Callable[[int], None]


class Registers:
    """Offsets are from the start of the peripherals' address range."""

    def __init__(self) -> None:
        self._reads: dict[int, Read] = {}
        self._writes: dict[int, Write] = {}
        self._plain: dict[int, int] = {}

    def on_read(self, offset: int, read: Read) -> None:
        self._reads[offset] = read

    def on_write(self, offset: int, write: Write) -> None:
        self._writes[offset] = write

    def plain(self, offset: int) -> int:
        """What was last written to a register without a meaning of its own, or set_plain."""
        return self._plain.get(offset, 0)

    def set_plain(self, offset: int, value: int) -> None:
        self._plain[offset] = value

    def read(self, offset: int) -> int:
        read = self._reads.get(offset)
        return self._plain.get(offset, 0) if read is None else read() & 0xFFFFFFFF

    def write(self, offset: int, value: int) -> None:
        self._plain[offset] = value & 0xFFFFFFFF
        write = self._writes.get(offset)
        if write is not None:
            write(value & 0xFFFFFFFF)
