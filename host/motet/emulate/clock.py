# SPDX-License-Identifier: Apache-2.0
"""The time of a board in QEMU, read without the guest's help and without stopping it.

QEMU's monitor cannot tell its virtual clock, but its packet recorder (filter-dump) stamps every packet with it. So a
network that no board sees is added to the running machine: a packet sent into it comes back as a record with the time.
"""

import contextlib
import os
import select
import socket
import struct
import threading
from pathlib import Path
from typing import Any, Protocol

_FILE_HEADER_SIZE, _RECORD = 24, struct.Struct("<IIII")
_HUB = 1977
_PACKET = bytes(14)
_SIZE = _RECORD.size + len(_PACKET)
_STOPPED_S = 1.0
_PATIENCE_S = 5.0


class ClockError(Exception):
    """QEMU does not tell the time: it has ended, hangs or lacks the parts."""


class Control(Protocol):
    """What the clock needs of QEMU's machine protocol."""

    def execute(self, command: str, **arguments: Any) -> Any: ...


class VirtualClock:
    """QEMU's virtual clock; `folder` is private and empty of our files. Safe to ask from several threads.

    Raises ClockError, and whatever `qemu` raises, when QEMU cannot be equipped.
    """

    def __init__(self, qemu: Control, folder: Path) -> None:
        self._lock = threading.Lock()
        self._last = self._start = 0
        self._theirs, ours, records = folder / "clock-in", folder / "clock-out", folder / "clock-records"
        for path in (self._theirs, ours, records):
            path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        os.mkfifo(records)
        # Open for reading first: QEMU's opening for writing would wait for it.
        self._records = os.open(records, os.O_RDONLY | os.O_NONBLOCK)
        try:
            self._socket.bind(str(ours))
            self._equip(qemu, ours, records)
            if not self._take(_FILE_HEADER_SIZE, _PATIENCE_S):
                raise ClockError(f"QEMU began no record within {_PATIENCE_S:.0f} s")
            # The recorder counts from the wall clock's time at the start of the machine, which is paused then or just began.
            self._start = self._ask()
        except BaseException:
            self.close()
            raise

    def now_ns(self) -> int:
        """Nanoseconds of the board's time since this clock was made, by the microsecond. Raises ClockError.

        A board that was stopped behind our back records only the next packet: then this is the time it told last.
        """
        with self._lock:
            self._last = max(self._last, self._ask() - self._start)
            return self._last

    def close(self) -> None:
        """Give the files back; QEMU may go on."""
        self._socket.close()
        with contextlib.suppress(OSError):
            os.close(self._records)

    def _equip(self, qemu: Control, ours: Path, records: Path) -> None:
        ends = {"local": {"type": "unix", "path": str(self._theirs)}, "remote": {"type": "unix", "path": str(ours)}}
        qemu.execute("netdev_add", type="dgram", id="motet-clock", **ends)
        qemu.execute("netdev_add", type="hubport", id="motet-clock-hub", hubid=_HUB, netdev="motet-clock")
        # A hub takes packets only while another of its ports can pass them on.
        qemu.execute("netdev_add", type="hubport", id="motet-clock-sink", hubid=_HUB)
        recorder = {"qom-type": "filter-dump", "id": "motet-clock-dump", "netdev": "motet-clock", "file": str(records)}
        qemu.execute("object-add", **recorder)

    def _ask(self) -> int:
        self._drain()
        try:
            self._socket.sendto(_PACKET, str(self._theirs))
        except OSError as error:
            raise ClockError(f"QEMU takes no packet: {error}") from error
        record = self._take(_SIZE, _STOPPED_S)
        if not record:
            return self._start + self._last
        seconds, micros, *_ = _RECORD.unpack(record[: _RECORD.size])
        return int(seconds * 1_000_000 + micros) * 1000

    def _drain(self) -> None:
        """Records of packets that came too late to be waited for."""
        while self._readable(0):
            self._take(_SIZE, _PATIENCE_S)

    def _take(self, size: int, patience: float) -> bytes:
        """That many bytes; none at all when nothing comes."""
        data = b""
        while len(data) < size:
            if not self._readable(patience):
                if not data:
                    return b""
                raise ClockError("half a record came from QEMU")
            try:
                more = os.read(self._records, size - len(data))
            except OSError as error:
                raise ClockError(f"QEMU's records cannot be read: {error}") from error
            if not more:
                raise ClockError("QEMU has ended")
            data += more
        return data

    def _readable(self, patience: float) -> bool:
        try:
            return bool(select.select([self._records], [], [], patience)[0])
        except (OSError, ValueError) as error:
            raise ClockError(f"QEMU's records cannot be read: {error}") from error
