# SPDX-License-Identifier: Apache-2.0
"""Frames over a byte stream and the reliable link made of them. firmware/native/frame/link.h specifies the bytes.

Times are milliseconds from any origin, ints of any size: only differences count, and the clock may wrap.
"""

from typing import TypedDict, final, type_check_only

from typing_extensions import Buffer

def crc32(data: Buffer, seed: int = 0) -> int:
    """CRC-32 as in zlib; `seed` is the checksum of the bytes before."""

def encode(payload: Buffer) -> bytes:
    """One frame: COBS of the payload and its CRC-32 (little-endian), then a zero byte."""

@final
class Decoder:
    """Finds frames of `encode` in a stream of any bytes. Payloads of more than `limit` bytes are dropped."""

    errors: int
    """Frames dropped because of a wrong checksum or broken stuffing."""
    overruns: int
    """Frames dropped because they were too long."""
    def __new__(cls, limit: int = 1024) -> Decoder: ...
    def feed(self, data: Buffer) -> list[bytes]:
        """The payloads of the frames that end in `data`."""

@type_check_only
class Stats(TypedDict):
    frames_in: int
    frames_out: int
    crc_errors: int
    overruns: int
    retransmits: int
    dropped: int
    logs_lost: int
    foreign_version: int

@final
class Link:
    """One end of a reliable link: messages exactly once and in order, or a growing `resets`.

    It does no input or output itself: pass what came from the wire to `feed`, put what `output` returns on the wire, and do
    so again after `timer` milliseconds at the latest, and after each `feed`, `send`, `recv`, `log`, `cancel`, `probe`.
    On MicroPython a Link can also be polled: readable when `recv` has something to say (a message, or that the session
    began or ended), writable while `room` is not 0.
    """

    def __new__(cls, mtu: int = 512, window: int = 4, epoch: int | None = None) -> Link:
        """`mtu`: longest message, 16 to 4096 bytes. `window`: messages under way, 1 to 32. `epoch`: differs at each start,
        random by default on CPython, required on MicroPython (1 to 2**32 - 1).

        Raises ValueError for values outside of those ranges.
        """
    current: int
    """Key of the call that runs here, 0 for none. Setting it clears the cancel flag, or raises it at once when a cancel for
    that key came before; from then on a cancel for that key raises it, even while the interpreter is busy."""
    @property
    def established(self) -> bool: ...
    @property
    def resets(self) -> int:
        """Sessions that ended because the peer restarted. Messages of an ended session that were not yet read are lost."""
    @property
    def limit(self) -> int:
        """Longest message that both ends take, in bytes; 0 while not established."""
    @property
    def stats(self) -> Stats: ...
    def feed(self, data: Buffer, now_ms: int) -> None:
        """Takes bytes from the wire. Never fails, whatever they are."""
    def output(self, now_ms: int, room: int = 4096) -> bytes:
        """The next bytes for the wire, at most `room`; more may follow when it is that many. Empty: nothing to send now."""
    def send(self, channel: int, data: Buffer) -> bool:
        """Queues a message on a channel 0 to 15. False: no room now, or not established.

        Raises ValueError when it is longer than the limit, or for another channel.
        """
    def recv(self) -> tuple[int, bytes] | None:
        """The next message with its channel; None when there is none."""
    def log(self, text: str) -> bool:
        """Sends a text of up to 250 bytes of UTF-8 (the rest is cut off), best effort. False: no room for it."""
    def take_logs(self) -> list[str]:
        """The texts that came since the last call. Those that found no room in about 500 bytes are counted in `stats`."""
    def cancel(self, key: int) -> bool:
        """Asks the peer to stop the call with this key. False: not established, key 0, or 8 others wait already."""
    def room(self) -> int:
        """How many messages of `limit` bytes `send` takes now."""
    def timer(self, now_ms: int) -> int:
        """Milliseconds until `output` must be called again if nothing else happens; 0: now. At most 10,000."""
    def quiet(self, now_ms: int) -> int:
        """Milliseconds since the last valid frame from the peer; right up to 24 days."""
    def probe(self) -> None:
        """Asks the peer for a sign of life. With `quiet` this tells a silent peer from a dead one."""
