# SPDX-License-Identifier: Apache-2.0
"""Packages of other Debian suites than the machine's own, downloaded without touching its package lists."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from fetch_base import FetchError, cached, run, say

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def debian_mirror() -> str:
    """The mirror this machine's apt already uses, or MOTET_DEBIAN_MIRROR."""
    if mirror := os.environ.get("MOTET_DEBIAN_MIRROR"):
        return mirror
    if not shutil.which("apt-get"):
        raise FetchError("apt-get is missing; set MICROPYTHON_DIR to an unpacked MicroPython 1.25 source tree")
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"], capture_output=True, text=True
    ).stdout
    for uri in sorted(set(listed.split())):
        if re.search(r"/debian/?$", uri):
            return uri
    raise FetchError("no Debian mirror in apt's configuration; set MOTET_DEBIAN_MIRROR or MICROPYTHON_DIR")


def apt_options(state: Path, suite: str) -> list[str]:
    """An apt state of our own: the system's package lists and sources stay untouched."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    source = state / "sources.list"
    address = f"[signed-by={KEYRING}] {debian_mirror()} {suite} main"
    source.write_text(f"deb {address}\ndeb-src {address}\n")
    settings = {
        "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
        "Acquire::Languages": "none",
        "Dir::State::Lists": str(state / "lists"),
        "Dir::Etc::SourceList": str(source),
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Cache": str(state / "cache"),
    }
    return ["-qq", *(f"-o{name}={value}" for name, value in settings.items())]


def apt_source(suite: str, package: str) -> Callable[[Path], None]:
    """Downloads the source package "name=version" of a suite into a folder."""

    def download(folder: Path) -> None:
        options = apt_options(folder / "apt", suite)
        run("apt-get", *options, "update")
        run("apt-get", *options, "source", "--download-only", package, cwd=folder)

    return download


def apt_binary(suite: str, package: str) -> Callable[[Path], None]:
    """Downloads the binary package "name=version" of a suite into a folder."""

    def download(folder: Path) -> None:
        options = apt_options(folder / "apt", suite)
        run("apt-get", *options, "update")
        run("apt-get", *options, "download", package, cwd=folder)

    return download


def first_source(title: str, package: str, versions: Sequence[tuple[str, str, str, str]], otherwise: str) -> tuple[Path, str]:
    """The archive of a source package and its digest, from the first suite that has it: (suite, version, file, SHA-256).

    Raises FetchError with what each suite said, and what to do `otherwise`.
    """
    failures = []
    for suite, version, name, digest in versions:
        say(f"{title} {version} (Debian {suite}, about a minute the first time)")
        try:
            return cached(name, digest, apt_source(suite, f"{package}={version}")), digest
        except FetchError as error:
            failures.append(f"{suite}: {error}")
            say(f"not from {suite}: {error}")
    raise FetchError(f"{title}: {'; '.join(failures)}; {otherwise}")
