# SPDX-License-Identifier: Apache-2.0
"""Boot loaders that show themselves as a USB drive and take a UF2 file, as the RP2040's ROM does."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from motet.flashing.errors import FlashError, Reason
from motet.flashing.method import Job, Report, Result, Step

INFO, CURRENT = "INFO_UF2.TXT", "CURRENT.UF2"
_CHUNK = 64 << 10
_RESTART_S = 15.0
_HOW = "hold BOOTSEL while plugging the board in, and mount the drive that appears"


class Uf2:
    """[flashing] method = "uf2". `port` is the folder where the boot drive is mounted."""

    suffix = ".uf2"

    def plan(self, job: Job) -> tuple[str, list[str]]:
        drive = self._drive(job)
        return str(drive), [f"copy {job.image.path} to {drive}"]

    def flash(self, job: Job, report: Report) -> Result:
        drive = self._drive(job)
        report(Step(f"boot drive at {drive}"))
        if not job.force and _holds(drive, job.image.file):
            return Result(str(drive), False, "the boot drive shows the same content")
        _copy(job.image.file, drive, report)
        report(Step("waiting for the board to restart"))
        if not _gone(drive):
            raise FlashError(Reason.VERIFY, f"the board did not take the image: {drive} is still there; flash again")
        return Result(str(drive), True, "the boot loader took every block and restarted")

    def _drive(self, job: Job) -> Path:
        drives = [Path(job.port)] if job.port else boot_drives()
        if job.port and board_id(drives[0]) is None:
            raise FlashError(Reason.PORT, f"{job.port} is no boot drive: it has no {INFO}; {_HOW}")
        fitting = [drive for drive in drives if board_id(drive) == job.flashing.drive]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise FlashError(Reason.PORT, f"several boards wait: {', '.join(map(str, fitting))}; choose one with --port")
        if drives:
            found = ", ".join(f"{drive} ({board_id(drive)})" for drive in drives)
            raise FlashError(
                Reason.CHIP, f"another board waits at {found}; {job.board.name} shows itself as {job.flashing.drive}"
            )
        raise FlashError(Reason.PORT, f"no boot drive is mounted; {_HOW}")


def board_id(drive: Path) -> str | None:
    """Board-ID in the drive's INFO_UF2.TXT; None when it is no boot drive."""
    try:
        text = (drive / INFO).read_bytes()[:4096].decode("ascii", "replace")
    except OSError:
        return None
    found = re.search(r"^Board-ID:[ \t]*(\S+)", text, re.M)
    return found[1] if found else ""


def boot_drives(mounts: Iterable[Path] | None = None) -> list[Path]:
    """Mounted drives with an INFO_UF2.TXT."""
    return [path for path in (_mounts() if mounts is None else mounts) if board_id(path) is not None]


def _mounts() -> list[Path]:
    if sys.platform == "darwin":
        return sorted(Path("/Volumes").glob("*"))
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return []
    # Boot loaders emulate FAT; looking into other file systems could wait for a network.
    found = [fields[1] for line in lines if len(fields := line.split()) > 2 and fields[2] in ("vfat", "msdos", "fuseblk")]
    return [Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), where)) for where in found]


def _holds(drive: Path, data: bytes) -> bool:
    """Some boot loaders show what the flash holds (the RP2040's does not)."""
    try:
        return (drive / CURRENT).read_bytes() == data
    except OSError:
        return False


def _copy(data: bytes, drive: Path, report: Report) -> None:
    done = 0
    try:
        with (drive / "FIRMWARE.UF2").open("wb", buffering=0) as file:
            while done < len(data):
                done += file.write(data[done : done + _CHUNK])
                os.fsync(file.fileno())
                report(Step("writing", done / len(data)))
    except OSError as error:
        # The board restarts on the last block, and may take the drive away under our fsync.
        if done < len(data):
            raise FlashError(
                Reason.LOST, f"writing to {drive} broke off ({error.strerror}); plug it in and flash again"
            ) from error


def _gone(drive: Path) -> bool:
    """Whether the drive vanishes: nothing tells of it, so it is looked at."""
    deadline = time.monotonic() + _RESTART_S
    while board_id(drive) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
