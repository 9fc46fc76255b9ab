# SPDX-License-Identifier: Apache-2.0
"""Firmware images as the bytes of a flash: from ELF, UF2 or plain binary files."""

import io
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from motet.flashing import uf2file

_ERASED = b"\xff"


class ImageError(ValueError):
    """A file is no image for this flash; the message names it."""


def read(path: Path, base: int, size: int) -> bytes:
    """What `path` puts into a flash of `size` bytes at address `base`, from its first byte on; gaps are erased bytes.

    ELF files (by load addresses) and UF2 say where their parts go, anything else starts at `base`. Raises ImageError, OSError.
    """
    try:
        parts = _parts(path.read_bytes(), base)
    except (ELFError, uf2file.Uf2Error) as error:
        raise ImageError(f"{path}: {error}") from error
    flash = bytearray()
    for address, content in sorted(parts):
        start = address - base
        if start < 0 or start + len(content) > size:
            raise ImageError(f"{path}: {len(content)} bytes at {address:#x} are not within the flash, {base:#x} + {size:#x}")
        flash += _ERASED * (start + len(content) - len(flash))
        flash[start : start + len(content)] = content
    if not flash:
        raise ImageError(f"{path} has nothing for the flash")
    return bytes(flash)


def _parts(data: bytes, base: int) -> list[tuple[int, bytes]]:
    if data.startswith(b"\x7fELF"):
        loaded = [(part["p_paddr"], part.data()) for part in ELFFile(io.BytesIO(data)).iter_segments("PT_LOAD")]
        return [(address, content) for address, content in loaded if content]
    if data.startswith(b"UF2\n"):
        return [(block.address, block.payload) for block in uf2file.blocks(data)]
    return [(base, data)] if data else []
