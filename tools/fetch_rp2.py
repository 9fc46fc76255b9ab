# SPDX-License-Identifier: Apache-2.0
"""What boards of MicroPython's rp2 port need beyond MicroPython: the Pico SDK and TinyUSB."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from fetch_base import THIRD_PARTY, FetchError, cached, run, say, stamped
from fetch_debian import apt_binary

SUITE = "trixie"
# package: (version, file, SHA-256). The source packages lack what these have: the SDK's submodules are separate packages.
PACKAGES = {
    "pico-sdk": (
        "pico-sdk-source=2.1.1-1",
        "pico-sdk-source_2.1.1-1_all.deb",
        "507a3ca37636641bc90239d7c04dc9dc28c5008087a8162102ea94d2273153d3",
    ),
    "tinyusb": (
        "tinyusb-source=0.18.0+dfsg-1",
        "tinyusb-source_0.18.0+dfsg-1_all.deb",
        "01ce2c645df68f14a8a7dcfc8fb355713152543757955820479a87949a61154e",
    ),
}


def _unpacked(name: str) -> None:
    """A package's files in usr/src/<name>, as third_party/<name>."""
    package, file, digest = PACKAGES[name]
    target = THIRD_PARTY / name
    if stamped(target, digest):
        return
    say(f"{package} (Debian {SUITE})")
    archive = cached(file, digest, apt_binary(SUITE, package))
    if not shutil.which("dpkg-deb"):
        raise FetchError(f"dpkg-deb is missing; unpack usr/src/{name} of {archive} to {target}")
    with tempfile.TemporaryDirectory(dir=THIRD_PARTY) as scratch:
        run("dpkg-deb", "-x", str(archive), scratch)
        shutil.rmtree(target, ignore_errors=True)
        (Path(scratch) / "usr/src" / name).rename(target)
    (target / ".fetched").write_text(digest)


def fetch_pico_sdk() -> None:
    _unpacked("pico-sdk")


def fetch_tinyusb() -> None:
    _unpacked("tinyusb")
