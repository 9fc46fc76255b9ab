# SPDX-License-Identifier: Apache-2.0
"""The file that is an emulated board's persistent flash."""

import os
from pathlib import Path

_ERASED = b"\xff" * 65536


def prepare(path: Path, size: int) -> None:
    """An erased flash of `size` bytes at `path`, unless there is a file. Raises ValueError for one of another size."""
    if path.exists():
        if (found := path.stat().st_size) != size:
            raise ValueError(f"{path} has {found} bytes, the board's flash {size}")
        return
    # Under its name only when it is complete.
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with partial.open("wb") as file:
        for left in range(size, 0, -len(_ERASED)):
            file.write(_ERASED[:left])
    partial.replace(path)
