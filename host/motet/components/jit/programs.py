# SPDX-License-Identifier: Apache-2.0
"""Components that are too large for artifacts: compiled code in files of the gateway, which artifacts name by digest.

The artifact is signed and holds a marker in the place of a module, which no device engine takes; with the SHA-256 of the file
in it, the signature covers the code that runs. A file is one CBOR map: {"wasmtime": version, "contract": WIT, "world": name,
"code": what wasmtime has serialised}.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cbor2

from motet_core.wire.presence import valid_id

_MARK = b"motet:program\x01\0"
_DIGEST = 32


class ProgramError(Exception):
    """A file is not there, or is not what the marker names."""


def marker(name: str, data: bytes) -> bytes:
    """What stands in the artifact of the component ``name`` for a file with ``data``."""
    return _MARK + hashlib.sha256(data).digest() + name.encode()


def is_marker(module: bytes) -> bool:
    """Whether an artifact's module is a marker."""
    return module.startswith(_MARK)


@dataclass(frozen=True)
class Programs:
    """The files below ``folder``, which belongs to this user alone, for the device ``node``."""

    node: str
    folder: Path

    def put(self, name: str, data: bytes) -> None:
        """Writes a file whole or not at all. Raises OSError."""
        path = self._path(marker(name, data))
        path.parent.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise

    def get(self, module: bytes) -> bytes:
        """The file of a marker, checked against its digest. Raises ProgramError."""
        path = self._path(module)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ProgramError(f"its program cannot be read ({error.strerror}): install it again") from None
        if hashlib.sha256(data).digest() != module[len(_MARK) :][:_DIGEST]:
            raise ProgramError("its program was changed on disk: install it again")
        return data

    def made_by(self, name: str) -> set[str]:
        """The versions of wasmtime that have compiled the component's files; none where there is no file."""
        found: set[str] = set()
        with contextlib.suppress(OSError):
            for path in (self.folder / name).iterdir() if valid_id(name) else ():
                with contextlib.suppress(OSError, cbor2.CBORError, ValueError), path.open("rb") as file:
                    found.add(_version(file))
        return found - {""}

    def prune(self, name: str, kept: bytes = b"") -> None:
        """Removes the component's files but that of the marker ``kept``; what cannot be removed stays."""
        if not valid_id(name) or not (self.folder / name).is_dir():
            return
        with contextlib.suppress(OSError):
            for path in (self.folder / name).iterdir():
                if not kept or path != self._path(kept):
                    path.unlink(missing_ok=True)
            if not kept:
                (self.folder / name).rmdir()

    def _path(self, module: bytes) -> Path:
        body = module[len(_MARK) :]
        name = body[_DIGEST:].decode("utf-8", "replace")
        if not is_marker(module) or not valid_id(name):
            raise ProgramError("it names no program")
        return self.folder / name / body[:_DIGEST].hex()


def _version(file: BinaryIO) -> str:
    """What stands first in the map; the rest is not read, which may be tens of megabytes."""
    file.seek(1)
    decoder = cbor2.CBORDecoder(file)
    return str(decoder.decode()) if decoder.decode() == "wasmtime" else ""
