# SPDX-License-Identifier: Apache-2.0
"""Firmware images: found, read, and held against the board before anything is written.

What the device keeps in its flash (values, artifacts) is cut out: a new program finds the old data.

Every image carries the bytes ``motet-board:<name>`` and a zero in its read-only data. An ELF file is reduced to the bytes
that go to flash.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from motet.boards import Board
from motet.boards_flash import Use
from motet.boards_flashing import Flashing
from motet.flashing import uf2file
from motet.flashing.errors import FlashError, Reason
from motet.paths import repository

_MARKER = re.compile(rb"motet-board:([a-z][a-z0-9_]{0,31})\0")
_LARGEST = 64 << 20
_KEPT: tuple[Use, ...] = ("values", "artifacts")


@dataclass(frozen=True)
class Image:
    """`content` is what the flash shall hold from its offset on; `file` is what the method is given (the same, or UF2).

    `parts`: what is to be written of the content, as places in it and bytes.
    """

    path: Path
    content: bytes
    file: bytes
    parts: tuple[tuple[int, bytes], ...]

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def load(board: Board, flashing: Flashing, path: Path | None, suffix: str, force: bool = False) -> Image:
    """The image at `path`, or the one that was built, checked to be `board`'s. `suffix`: ".bin" or ".uf2", what is needed.

    `force` accepts an image that names no board. Raises FlashError.
    """
    path = path or _built(board, suffix)
    content, file = _uf2(path, flashing) if suffix == ".uf2" else _binary(path, flashing)
    image = Image(path, content, file, tuple(_parts(board, path, content, flashing.offset)))
    if board.memory and len(image.content) > board.memory.flash:
        raise _wrong(path, f"{len(image.content)} bytes do not fit into the {board.memory.flash} bytes of flash of {board.name}")
    names = sorted({name.decode() for name in _MARKER.findall(image.content)})
    if names and names != [board.name]:
        raise _wrong(path, f"it is for {', '.join(names)}, not for {board.name}")
    if not names and not force:
        raise _wrong(path, f"it does not say which board it is for; --force writes it to {board.name} all the same")
    return image


def _built(board: Board, suffix: str) -> Path:
    root = repository()
    if root is None:
        raise FlashError(Reason.IMAGE, f"an installed Motet carries no firmware; name {board.name}'s with --image")
    folder = root / "build" / "firmware" / board.name
    found = [folder / f"firmware{end}" for end in (suffix, ".elf") if not (suffix == ".uf2" and end == ".elf")]
    for path in found:
        if path.is_file():
            return path
    raise FlashError(Reason.IMAGE, f"no firmware at {found[0]}; build it with: tools/build.py firmware {board.name}")


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise _wrong(path, f"{path.stat().st_size} bytes are no firmware")
        data = path.read_bytes()
    except OSError as error:
        raise FlashError(Reason.IMAGE, f"cannot read the image: {error}") from error
    if not data:
        raise _wrong(path, "it is empty")
    return data


def _uf2(path: Path, flashing: Flashing) -> tuple[bytes, bytes]:
    data = _read(path)
    try:
        families, content = uf2file.content(data)
    except uf2file.Uf2Error as error:
        raise _wrong(path, str(error)) from error
    if families != {flashing.family}:
        shown = ", ".join("none" if family is None else f"{family:#010x}" for family in sorted(families, key=str))
        raise _wrong(path, f"its UF2 family is {shown}, the part's is {flashing.family:#010x}")
    return content, data


def _binary(path: Path, flashing: Flashing) -> tuple[bytes, bytes]:
    data = _read(path)
    if data.startswith(b"UF2\n"):
        raise _wrong(path, "it is a UF2 file; this board takes a plain image (.bin or .elf)")
    if data.startswith(b"\x7fELF"):
        data = _flat(path, data, flashing.offset)
    return data, data


def _parts(board: Board, path: Path, content: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    """The content without the regions where the device keeps its own."""
    flash, at = board.flash, 0
    # Some methods count from the start of the flash, some as the processor does.
    start = offset - flash.base if flash and offset >= flash.base else offset
    kept = [(use, flash.regions[use]) for use in _KEPT] if flash else []
    for use, region in sorted(kept, key=lambda one: one[1].offset):
        first, last = max(at, region.offset - start), min(len(content), region.offset + region.size - start)
        if first >= last:
            continue
        if content[first:last].strip(b"\xff"):
            raise _wrong(path, f"it reaches into the flash where {board.name} keeps its {use}")
        if first > at:
            yield at, content[at:first]
        at = last
    if at < len(content):
        yield at, content[at:]


def _flat(path: Path, data: bytes, offset: int) -> bytes:
    """The loadable segments of an ELF file by their load addresses, from `offset` on; gaps as erased flash."""
    try:
        segments = [(part["p_paddr"], part.data()) for part in ELFFile(io.BytesIO(data)).iter_segments("PT_LOAD")]
    except (ELFError, ValueError, KeyError, UnicodeDecodeError) as error:
        raise _wrong(path, f"it is no whole ELF file: {error}") from error
    segments = [(address, content) for address, content in segments if content]
    if not segments or min(address for address, _ in segments) != offset:
        raise _wrong(path, f"it is not linked for {offset:#x}, where the board's flash is")
    size = max(address + len(content) for address, content in segments) - offset
    if size > _LARGEST:
        raise _wrong(path, f"it loads to {size} bytes: no firmware")
    flat = bytearray(b"\xff" * size)
    for address, content in segments:
        flat[address - offset : address - offset + len(content)] = content
    return bytes(flat)


def _wrong(path: Path, why: str) -> FlashError:
    return FlashError(Reason.IMAGE, f"{path}: {why}")
