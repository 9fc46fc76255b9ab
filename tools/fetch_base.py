# SPDX-License-Identifier: Apache-2.0
"""What fetching sources is made of: a cache of files with pinned digests, archives unpacked, trees with a stamp."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
THIRD_PARTY = ROOT / "third_party"
CACHE = Path(os.environ.get("MOTET_SOURCE_CACHE", THIRD_PARTY / "cache"))


class FetchError(Exception):
    """A source could not be had; the message names it and says what to do."""


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def say(text: str) -> None:
    print(f"fetch: {text}", flush=True)


def run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode:
        raise FetchError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-400:]}")


def cached(name: str, digest: str, download: Callable[[Path], None]) -> Path:
    """Return the file `name` from the cache, downloading it first when absent; refuse any other content."""
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / name
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            download(Path(folder))
            if not (Path(folder) / name).exists():
                raise FetchError(f"{name} is not among what was downloaded")
            (Path(folder) / name).rename(path)
    if sha256(path) != digest:
        path.unlink()
        raise FetchError(f"{name} does not have the pinned SHA-256 {digest[:16]}…; it was deleted, run again")
    return path


def unpack(archive: Path, destination: Path) -> None:
    """Unpack into `destination` without the archive's top folder, replacing what was there."""
    scratch = destination.with_suffix(".unpacking")
    shutil.rmtree(scratch, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(scratch, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (top,) = scratch.iterdir()
    shutil.rmtree(destination, ignore_errors=True)
    top.rename(destination)
    scratch.rmdir()


def stamped(folder: Path, stamp: str) -> bool:
    mark = folder / ".fetched"
    return mark.exists() and mark.read_text() == stamp


def edit(path: Path, old: str, new: str) -> None:
    """Replace the only occurrence of `old`; anything else means that the source is not the one we know."""
    text = path.read_text()
    if text.count(old) != 1:
        raise FetchError(f"{path.name}: expected exactly one {old.strip()!r}")
    path.write_text(text.replace(old, new))
