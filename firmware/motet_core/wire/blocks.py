# SPDX-License-Identifier: Apache-2.0
"""Messages larger than a peer's frame limit travel as blocks [tid, index, count, bytes] (block 0 adds a digest).

The first byte tells what a frame holds: 0x84 or 0x85 is a block, anything else a whole message. `tid` is any 32-bit
number; a sender starts at a random one, because two gateways may send to one device at the same time.
"""

import hashlib

from motet_core import cbor
from motet_core.errors import WireError

# Array head, tid, index and count below 65536, byte-string head and the digest item.
OVERHEAD = 26
_DIGEST = 8


def digest8(payload):
    return hashlib.sha256(payload).digest()[:_DIGEST]


def split(payload, limit, tid):
    """Bytes -> list of frames of at most `limit` bytes each. ValueError when `limit` leaves no room or count is too high."""
    return list(frames(payload, limit, tid))


def frames(payload, limit, tid):
    """The same, one frame at a time: a small heap never holds two copies of a message."""
    if len(payload) <= limit:
        yield payload
        return
    room = limit - OVERHEAD
    if room < 1:
        raise ValueError("limit of %d bytes leaves no room in a block" % limit)
    count = -(-len(payload) // room)
    if count > 0xFFFF:
        raise ValueError("payload of %d bytes needs too many blocks" % len(payload))
    view = memoryview(payload)
    for index in range(count):
        block = [tid & 0xFFFFFFFF, index, count, view[index * room : (index + 1) * room]]
        if index == 0:
            block.append(digest8(payload))
        yield cbor.dumps(block)


def _is_uint(value, top):
    return value is not True and value is not False and isinstance(value, int) and 0 <= value <= top


def _check(block):
    """Refuses a block with a wrong shape; the values it lets through are used without another look."""
    tid, index, count, data = block[:4]
    if not (_is_uint(tid, 0xFFFFFFFF) and _is_uint(index, 0xFFFF) and _is_uint(count, 0xFFFF)):
        raise WireError("block: tid, index or count is not a number in range")
    if index >= count or (index == 0) != (len(block) == 5):
        raise WireError("block: index %d of %d with %d items" % (index, count, len(block)))
    if not isinstance(data, bytes) or not data:
        raise WireError("block: no bytes")
    if index == 0 and not (isinstance(block[4], bytes) and len(block[4]) == _DIGEST):
        raise WireError("block: digest is not 8 bytes")


class _Transfer:
    def __init__(self, count):
        self.count = count
        self.size = 0
        self.parts = {}
        self.digest = None
        self.at = 0


class Joiner:
    """Collects the blocks of one peer; holds at most `max_open` times `max_total` bytes.

    `clock` returns milliseconds that only grow. A transfer that waits longer than `max_age_ms` is dropped.
    """

    def __init__(self, max_total, clock, max_open=4, max_age_ms=10000):
        self.max_total = max_total
        self._clock = clock
        self._max_open = max_open
        self._max_age = max_age_ms
        self._open = {}

    def feed(self, frame):
        """A frame -> the whole payload, or None while blocks are missing. WireError for nonsense, which it forgets."""
        if not frame:
            raise WireError("empty frame")
        if frame[0] not in (0x84, 0x85):
            if len(frame) > self.max_total:
                raise WireError("message of %d bytes, at most %d" % (len(frame), self.max_total))
            return frame
        block = cbor.loads(frame, 1)
        _check(block)
        transfer = self._transfer(block[0], block[2])
        if block[1] in transfer.parts:
            return None
        self._add(transfer, block)
        if len(transfer.parts) < transfer.count:
            return None
        return self._whole(block[0], transfer)

    def clear(self):
        """Forgets everything, when the peer has restarted."""
        self._open = {}

    def _transfer(self, tid, count):
        now = self._clock()
        for key in [k for k in self._open if now - self._open[k].at > self._max_age]:
            del self._open[key]
        transfer = self._open.get(tid)
        if transfer is None:
            if len(self._open) >= self._max_open:
                raise WireError("too many open transfers")
            transfer = self._open[tid] = _Transfer(count)
        elif transfer.count != count:
            del self._open[tid]
            raise WireError("block: count changed within a transfer")
        transfer.at = now
        return transfer

    def _add(self, transfer, block):
        transfer.size += len(block[3])
        # Each missing block holds at least one byte: refuse now what cannot end within the bound.
        if transfer.size + transfer.count - len(transfer.parts) - 1 > self.max_total:
            del self._open[block[0]]
            raise WireError("transfer larger than %d bytes" % self.max_total)
        transfer.parts[block[1]] = block[3]
        if block[1] == 0:
            transfer.digest = block[4]

    def _whole(self, tid, transfer):
        del self._open[tid]
        payload = b"".join([transfer.parts[index] for index in range(transfer.count)])
        if digest8(payload) != transfer.digest:
            raise WireError("transfer does not match its digest")
        return payload
