# SPDX-License-Identifier: Apache-2.0
"""The other end of a link, written from the specification in firmware/native/frame/link.h and doing only what it is told."""

from motet_native import frame

SYN, DATA, ACK, CANCEL, CANCELLED, LOG = range(1, 7)
WANT, PROVEN = 1, 2


def u32(value):
    return bytes([value >> shift & 255 for shift in (0, 8, 16, 24)])


def number(data):
    return sum([byte << 8 * place for place, byte in enumerate(data)])


def sealed(body, seed):
    """The frame of a body whose checksum has this seed: encode() adds the checksum that fits a seed of 0, so it cannot help."""
    body += u32(frame.crc32(body, seed))
    out = bytearray()
    block = bytearray()
    for byte in body + b"\0":  # the additional zero ends the last block
        if byte:
            block.append(byte)
        if not byte or len(block) == 254:
            out += bytes([len(block) + 1]) + block
            block = bytearray()
    return bytes(out) + b"\0"


def unstuffed(data):
    out = bytearray()
    while data:
        code = data[0]
        out += data[1:code]
        data = data[code:]
        if code < 255 and data:
            out.append(0)
    return bytes(out)


class Peer:
    """Speaks with one Link at a clock that stands still until told otherwise."""

    def __init__(self, link, own=0xBBBBBBBB):
        self.link = link
        self.own = own
        self.known = 0
        self.now = 0

    def syn(self, flags=WANT, version=1, mtu=512, window=4, own=None, known=None):
        own = self.own if own is None else own
        known = self.known if known is None else known
        body = bytes([SYN << 4, version, flags]) + u32(own) + u32(known) + bytes([mtu & 255, mtu >> 8, window])
        self.link.feed(sealed(body, 0), self.now)

    def tell(self, kind, low, fields=b""):
        """A frame of the session."""
        seed = frame.crc32(u32(self.own) + u32(self.known))
        self.link.feed(sealed(bytes([kind << 4 | low]) + fields, seed), self.now)

    def hear(self):
        """The bodies of the frames that the link has to send, checked."""
        bodies = [unstuffed(part) for part in self.link.output(self.now).split(b"\0") if part]
        for body in bodies:
            seed = 0 if body[0] >> 4 in (SYN, LOG) else frame.crc32(u32(self.known) + u32(self.own))
            if body[0] >> 4 == SYN:
                self.known = number(body[3:7])
            assert number(body[-4:]) == frame.crc32(body[:-4], seed), body
        return [body[:-4] for body in bodies]

    def meet(self):
        """Makes a session."""
        self.syn()
        self.hear()
        self.syn()
        assert self.link.established
        return self.hear()
