# SPDX-License-Identifier: Apache-2.0
"""A bounds-checked cursor over WebAssembly binary text. Every value is where the file says, or an error says where not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Malformed(Exception):
    """The bytes are not a module of the profile; ``offset`` counts from the start of the file."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"byte {offset:#x}: {reason}")
        self.offset = offset
        self.reason = reason


class Reader:
    """Reads ``data[position:end]``; never looks outside."""

    def __init__(self, data: bytes, position: int = 0, end: int | None = None) -> None:
        self.data = data
        self.position = position
        self.end = len(data) if end is None else end

    @property
    def done(self) -> bool:
        """True when nothing is left."""
        return self.position >= self.end

    def byte(self) -> int:
        """The next byte."""
        if self.done:
            raise Malformed(self.position, "ends too early")
        self.position += 1
        return self.data[self.position - 1]

    def take(self, size: int) -> bytes:
        """The next ``size`` bytes."""
        if size > self.end - self.position:
            raise Malformed(self.position, f"{size} bytes announced, {self.end - self.position} left")
        self.position += size
        return self.data[self.position - size : self.position]

    def section(self, size: int) -> Reader:
        """A reader over the next ``size`` bytes, which this one skips."""
        start = self.position
        self.take(size)
        return Reader(self.data, start, start + size)

    def u32(self) -> int:
        """Unsigned LEB128 of at most 32 bits (core specification, "Integers")."""
        value = self._leb(32)
        if value >> 32:
            raise Malformed(self.position - 1, "an unsigned integer has more than 32 bits")
        return value

    def s32(self) -> int:
        """Signed LEB128 of at most 32 bits."""
        return self._signed(32)

    def s64(self) -> int:
        """Signed LEB128 of at most 64 bits."""
        return self._signed(64)

    def name(self) -> str:
        """A length-prefixed UTF-8 name."""
        start = self.position
        try:
            return self.take(self.u32()).decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed(start, "a name is not UTF-8") from None

    def vector(self, item: Callable[[], T]) -> Iterator[T]:
        """Items of a length-prefixed vector, read one by one, so that a lying count costs nothing."""
        for _ in range(self.u32()):
            yield item()

    def _leb(self, bits: int) -> int:
        value = shift = 0
        while True:
            if shift >= bits:
                raise Malformed(self.position, f"an integer has more than {bits} bits")
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                self._shift = shift
                return value

    def _signed(self, bits: int) -> int:
        value = self._leb(bits)
        if value >> self._shift - 1 & 1:
            value -= 1 << self._shift
        if not -(1 << bits - 1) <= value < 1 << bits - 1:
            raise Malformed(self.position - 1, f"a signed integer has more than {bits} bits")
        return value
