# SPDX-License-Identifier: Apache-2.0
"""What every way of flashing has in common: a job, steps that are told as they happen, a result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from motet.boards import Board
from motet.boards_flashing import Flashing
from motet.flashing.image import Image


@dataclass(frozen=True)
class Job:
    """One image for one board."""

    board: Board
    flashing: Flashing
    image: Image
    port: str | None = None
    """Serial port, drive or serial number of the probe, as the method has it; None means: find it."""
    baud: int | None = None
    force: bool = False
    """Write even what is there already."""

    def named(self) -> list[tuple[int, Path]]:
        """The same for showing: the image's own path, with the part of it where there are several."""
        path, start = self.image.path, self.flashing.offset
        if self.image.parts == ((0, self.image.content),):
            return [(start, path)]
        return [(start + at, Path(f"{path}[{at:#x}:{at + len(content):#x}]")) for at, content in self.image.parts]

    def files(self, folder: Path) -> list[tuple[int, Path]]:
        """The parts of the image as new files in `folder`, with their addresses.

        What was checked is what is written, whatever happens to the image's file meanwhile.
        """
        found = []
        for at, content in self.image.parts:
            (path := folder / f"part{at:x}.bin").write_bytes(content)
            found.append((self.flashing.offset + at, path))
        return found


@dataclass(frozen=True)
class Step:
    """Something that happens now. `fraction` (0 to 1) tells how far it is, None when it cannot be told."""

    text: str
    fraction: float | None = None


@dataclass(frozen=True)
class Result:
    """What was done. `written` is False when the flash held the image already; `checked`: how the content was verified."""

    port: str
    written: bool
    checked: str


Report = Callable[[Step], None]


class Method(Protocol):
    """One way of flashing. Raises FlashError."""

    suffix: str
    """Of the image file that it takes: ".bin" or ".uf2"."""

    def plan(self, job: Job) -> tuple[str, list[str]]:
        """The port, and the commands or copies that `flash` would do there; writes nothing."""

    def flash(self, job: Job, report: Report) -> Result:
        """Check the part, write, verify."""
