# SPDX-License-Identifier: Apache-2.0
"""SLIP framing (RFC 1055), as the ROM loaders of Espressif's chips speak it."""

END, ESCAPE, ESCAPED_END, ESCAPED_ESCAPE = 0xC0, 0xDB, 0xDC, 0xDD


def encode(packet: bytes) -> bytes:
    """One packet between two END bytes."""
    return b"\xc0" + packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"


class Decoder:
    """Takes bytes as they come, gives whole packets; what stands outside a frame, or is escaped wrongly, is dropped."""

    def __init__(self) -> None:
        self._packet: bytearray | None = None
        self._escaping = False

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that `data` completes."""
        done = []
        for byte in data:
            if byte == END:
                if self._packet:
                    done.append(bytes(self._packet))
                    self._packet = None
                else:
                    self._packet = bytearray()
                self._escaping = False
            elif self._packet is not None:
                self._take(byte)
        return done

    def _take(self, byte: int) -> None:
        assert self._packet is not None
        if self._escaping:
            self._escaping = False
            if byte in (ESCAPED_END, ESCAPED_ESCAPE):
                self._packet.append(END if byte == ESCAPED_END else ESCAPE)
            else:
                self._packet = None
        elif byte == ESCAPE:
            self._escaping = True
        else:
            self._packet.append(byte)
