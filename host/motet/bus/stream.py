# SPDX-License-Identifier: Apache-2.0
"""MQTT 3.1.1 (OASIS standard, chapters 2 and 3): what a broker sends, cut into packets; packets that devices have no use for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from motet_core.errors import WireError
from motet_core.mqtt import packets

# A length takes one to four bytes of seven bits each.
_LENGTH_BYTES = 4
_TOPIC_BYTES = 0xFFFF
UNSUBACK = 11
_SUBSCRIBE, _UNSUBSCRIBE = b"\x82", b"\xa2"


def publish(topic: str, payload: bytes, number: int | None, retain: bool) -> bytes:
    """`number`: of the packet, for QoS 1; None for QoS 0; `topic`: one that `check` lets through."""
    packet: bytes = packets.publish(packets.V311, topic, payload, number, retain)
    return packet


def check(topic: str) -> None:
    """Raises ValueError for what is no topic to publish to (section 4.7)."""
    if not topic or "+" in topic or "#" in topic or "\0" in topic or len(topic.encode()) > _TOPIC_BYTES:
        raise ValueError(f"{topic[:80]!r} is no topic to publish to")


def subscribe(number: int, filters: Sequence[tuple[str, int]]) -> bytes:
    """Packet `number`, for each filter with the QoS that messages may have at most."""
    return _packet(_SUBSCRIBE, number, b"".join(_text(name) + bytes((qos,)) for name, qos in filters))


def unsubscribe(number: int, topic_filter: str) -> bytes:
    """Packet `number`."""
    return _packet(_UNSUBSCRIBE, number, _text(topic_filter))


def _packet(head: bytes, number: int, body: bytes) -> bytes:
    length, left = bytearray(), 2 + len(body)
    while left > 127:
        length.append(left & 127 | 128)
        left >>= 7
    length.append(left)
    return head + length + number.to_bytes(2, "big") + body


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2, "big") + data


class Stream:
    """Collects bytes until packets are whole."""

    def __init__(self) -> None:
        self._rest, self._wanted = bytearray(), 0

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """(type, flags, body) of each packet that is whole now. Raises WireError when this cannot be MQTT."""
        if self._rest:
            self._rest += data
            # A large packet is copied once it is whole, not with each piece.
            if len(self._rest) < self._wanted:
                return
            data, self._rest = bytes(self._rest), bytearray()
        at, end = 0, len(data)
        while at < end:
            body, length = _length(data, at + 1, end)
            if body + length > end:
                self._rest, self._wanted = bytearray(data[at:]), body + length - at
                return
            head = data[at]
            at = body + length
            yield head >> 4, head & 15, data[body:at]


def _length(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Where a packet's body begins and how long it is; a length beyond all data while it is not whole."""
    length, shift = 0, 0
    for position in range(at, at + _LENGTH_BYTES):
        if position >= end:
            return position, 1
        byte = data[position]
        length |= (byte & 127) << shift
        if byte < 128:
            return position + 1, length
        shift += 7
    raise WireError("mqtt: a length of more than four bytes")
