# SPDX-License-Identifier: Apache-2.0
"""Files that are there whole, and outlive a loss of power, or are not there, or are as they were."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Make a file and its folder; no reader ever sees half of it. Raises FileExistsError, OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _put(path, content, mode, os.link)


def replace(path: Path, content: bytes, mode: int = 0o644) -> None:
    """The file with this content; whatever interrupts it, there is the old one or the new one. Raises OSError."""
    _put(path, content, mode, os.replace)


def _put(path: Path, content: bytes, mode: int, name_it: Callable[[str, Path], None]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            file.write(content)
            file.flush()
            os.fsync(handle)
        name_it(name, path)
    finally:
        # Gone already where it was renamed.
        Path(name).unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
