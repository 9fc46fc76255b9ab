# SPDX-License-Identifier: Apache-2.0
"""wasm-tools from Debian sid on any Debian: beside the C library it was linked with, and started through that one's loader."""

from __future__ import annotations

import platform
import shutil
import tempfile
from pathlib import Path

from fetch_base import THIRD_PARTY, FetchError, cached, run, say, stamped
from fetch_debian import apt_binary

# (suite, version, file, SHA-256). The libraries are those of the stable suite, which stay for years.
PACKAGES = [
    (
        "sid",
        "wasm-tools=1.239.0+ds-10",
        "wasm-tools_1.239.0+ds-10_amd64.deb",
        "15297bff602e7e1390cd586b408cfb17abe842eca90506cf92c9e56adcdb52c0",
    ),
    (
        "trixie",
        "libc6=2.41-12+deb13u4",
        "libc6_2.41-12+deb13u4_amd64.deb",
        "967aa62605721081c3eb2a17650611a792aa802d76a6511d1840242623d204c9",
    ),
    (
        "trixie",
        "libgcc-s1=14.2.0-19",
        "libgcc-s1_14.2.0-19_amd64.deb",
        "3c71917b490d1a17aed43196a2787a256ecf060526cdb20216a74bedc061b150",
    ),
    (
        "trixie",
        "libstdc++6=14.2.0-19",
        "libstdc++6_14.2.0-19_amd64.deb",
        "ab1fa05837aa7a92aae748fd07a18a35f7d18bb4a71c4724fe2bbf0e32089de0",
    ),
]
_LAUNCHER = """#!/bin/sh
# Starts wasm-tools with the C library that lies beside it.
here=$(dirname "$(readlink -f "$0")")
libraries=$here/root/usr/lib/x86_64-linux-gnu
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$here/root/usr/bin/wasm-tools" "$@"
"""


def fetch_wasm_tools() -> None:
    """third_party/wasm-tools/wasm-tools, an executable."""
    target, stamp = THIRD_PARTY / "wasm-tools", " ".join(digest for *_, digest in PACKAGES)
    if stamped(target, stamp):
        return
    if platform.machine() != "x86_64":
        raise FetchError(f"wasm-tools: only for x86_64, this is {platform.machine()}; put one of your own into the PATH")
    say("wasm-tools 1.239.0 (Debian sid) with its C library (Debian trixie)")
    archives = [cached(file, digest, apt_binary(suite, package)) for suite, package, file, digest in PACKAGES]
    if not shutil.which("dpkg-deb"):
        raise FetchError("dpkg-deb is missing: wasm-tools comes as Debian packages")
    with tempfile.TemporaryDirectory(dir=THIRD_PARTY) as scratch:
        folder = Path(scratch) / "wasm-tools"
        folder.mkdir()
        for archive in archives:
            run("dpkg-deb", "-x", str(archive), str(folder / "root"))
        launcher = folder / "wasm-tools"
        launcher.write_text(_LAUNCHER)
        launcher.chmod(0o755)
        run(str(launcher), "--version")
        (folder / ".fetched").write_text(stamp)
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)
