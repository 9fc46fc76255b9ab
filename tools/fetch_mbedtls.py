# SPDX-License-Identifier: Apache-2.0
"""Mbed TLS for the edge node, where MicroPython looks for it: Debian leaves it out of MicroPython's source package."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from fetch_base import THIRD_PARTY, stamped, unpack
from fetch_debian import first_source

# (Debian suite, source version, file, SHA-256), in order of preference.
VERSIONS = [
    (
        "trixie",
        "3.6.6-0.1~deb13u1",
        "mbedtls_3.6.6.orig.tar.bz2",
        "8fb65fae8dcae5840f793c0a334860a411f884cc537ea290ce1c52bb64ca007a",
    ),
    (
        "sid",
        "3.6.7-3",
        "mbedtls_3.6.7.orig.tar.bz2",
        "a7e8bcbec0e6f761b4af24f25677626b35f762f68eef79c08677a363212d11f6",
    ),
]
TARGET = THIRD_PARTY / "micropython/lib/mbedtls"


def fetch_mbedtls() -> None:
    """A MicroPython tree of the user's own has its own, or none."""
    if os.environ.get("MICROPYTHON_DIR") or any(stamped(TARGET, digest) for *_, digest in VERSIONS):
        return
    archive, digest = first_source("Mbed TLS", "mbedtls", VERSIONS, "make edge TLS=0 builds an edge node without it")
    with tempfile.TemporaryDirectory(dir=THIRD_PARTY) as scratch:
        unpack(archive, Path(scratch) / "mbedtls")
        shutil.rmtree(TARGET, ignore_errors=True)
        TARGET.mkdir(parents=True)
        for name in ("library", "include", "LICENSE"):
            (Path(scratch) / "mbedtls" / name).rename(TARGET / name)
    (TARGET / ".fetched").write_text(digest)
