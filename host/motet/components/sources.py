# SPDX-License-Identifier: Apache-2.0
"""Where packages come from: a path, an https URL, a git repository, an OCI registry or another gateway.

vote/  vote.wasm  digits.tflite  vote.motet
https://example.org/vote.motet
git+https://example.org/tools.git@v1.2#components/vote      (also git+ssh:// and git+file://)
oci://registry.example.org/tools/vote:1.2                   (or @sha256:...)
gateway+https://gateway.example.org/vote                    (or model/digits, or @sha256:...)
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from motet.components import attestations, othergateway
from motet.components.oci import archive
from motet.components.oci.contents import unpack
from motet.components.oci.credentials import credentials
from motet.components.oci.http import Http, TransferError
from motet.components.oci.reference import SCHEME as OCI
from motet.components.oci.reference import Reference
from motet.components.oci.registry import Registry
from motet.components.packages import Package, read

_GIT = "git+"
_GIT_SCHEMES = ("https", "ssh", "file")
_GIT_S = 300
_COUNTING = re.compile(r"v?[0-9]{1,9}(\.[0-9]{1,9}){0,3}")
# Newer tags that are looked at for one that will do.
_TRIED = 8


def fetch(source: str, name: str | None = None, revision: int | None = None, attest: bool = False) -> Package:
    """The package from any of the sources above; `name` and `revision` are for models in files of their own.

    `attest`: what is no package yet gets a bill of materials and provenance.

    Raises ComponentError or ModelError. Talks to the network for all but paths.
    """
    if source.startswith(OCI):
        with Http() as http:
            place = Reference.parse(source)
            return unpack(Registry(http, place, credentials(place.host)).pull())
    if source.startswith(othergateway.SCHEME):
        with Http() as http:
            return othergateway.Address.parse(source).fetch(http)
    if source.startswith(_GIT):
        return _from_git(Checkout.parse(source), name, revision, attest)
    if "://" in source:
        return _from_web(source)
    return _at(Path(source), name, revision, attest)


def _at(path: Path, name: str | None, revision: int | None, attest: bool) -> Package:
    if path.suffix == archive.SUFFIX:
        return unpack(archive.read(path))
    package = read(path, name, revision)
    return attestations.attest(package, path) if attest else package


def newer(source: str) -> list[str]:
    """Where to look for a newer revision of what came from `source`, the newest first; none when it can only be what it was.

    In a registry, tags that count (7, v7, 1.4.2) lead to those that count further; another tag may have moved. Raises
    ComponentError.
    """
    if "@sha256:" in source:
        return []
    if not source.startswith(OCI):
        return [source]
    place = Reference.parse(source)
    with Http() as http:
        tags = Registry(http, place, credentials(place.host)).tags() if _counted(place.version) else []
    further = sorted({tag for tag in tags if _counted(tag) > _counted(place.version)}, key=_counted, reverse=True)
    return [str(replace(place, version=tag)) for tag in further[:_TRIED]] + [source]


def _counted(tag: str) -> tuple[int, ...]:
    """The numbers of a tag that counts, none for others."""
    return tuple(map(int, tag.removeprefix("v").split("."))) if _COUNTING.fullmatch(tag) else ()


def _from_web(url: str) -> Package:
    if urlsplit(url).scheme not in ("https", "http"):
        raise TransferError(f"{url}: packages come over https (or http from this machine), from git+... or from {OCI}...")
    if not urlsplit(url).path.endswith(archive.SUFFIX):
        raise TransferError(f"{url}: expected an archive *{archive.SUFFIX}; `motet build` makes one")
    with Http() as http:
        return unpack(archive.loads(http.get(url, archive.MAX_BYTES)))


@dataclass(frozen=True)
class Checkout:
    """What to take from a git repository: a revision (tag, branch or commit) and a path below its root."""

    url: str
    revision: str
    path: str

    @classmethod
    def parse(cls, source: str) -> Checkout:
        """From ``git+https://host/repository[@revision][#path]``. Raises TransferError."""
        rest, _, path = source.removeprefix(_GIT).partition("#")
        url, at, revision = rest.rpartition("@")
        if not at or "/" in revision or "://" not in url:
            url, revision = rest, "HEAD"
        scheme, inside = urlsplit(url).scheme, PurePosixPath(path)
        # Git takes what starts with - for an option, and other schemes run programs.
        if scheme not in _GIT_SCHEMES or revision.startswith("-") or not revision:
            raise TransferError(f"{source}: expected git+https://host/repository@revision#path")
        if inside.is_absolute() or ".." in inside.parts:
            raise TransferError(f"{source}: the path must lead into the repository")
        return cls(url, revision, path)


def _from_git(wanted: Checkout, name: str | None, revision: int | None, attest: bool) -> Package:
    with tempfile.TemporaryDirectory(prefix="motet-git-") as scratch:
        root = Path(scratch) / "repository"
        _git("init", "--quiet", str(root))
        _git("-C", str(root), "fetch", "--quiet", "--depth=1", "--no-tags", "--", wanted.url, wanted.revision)
        _git("-C", str(root), "-c", "advice.detachedHead=false", "checkout", "--quiet", "FETCH_HEAD")
        path = root / wanted.path
        if not path.resolve().is_relative_to(root.resolve()):
            raise TransferError(f"{wanted.url}: {wanted.path} leads out of the repository")
        return _at(path, name, revision, attest)


def _git(*arguments: str) -> None:
    # Nothing of the user's configuration or of the repository's may run a program or ask a question (a filter that the one
    # defines runs where the other asks for it), and a GIT_DIR of the caller must not make this another repository.
    settings = ("-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never", "-c", "core.symlinks=false")
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    environment |= {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "true"}
    try:
        done = subprocess.run(
            ["git", *settings, *arguments],
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=environment,
            timeout=_GIT_S,
        )
    except FileNotFoundError:
        raise TransferError("git is not installed: sudo apt-get install git") from None
    except subprocess.TimeoutExpired:
        raise TransferError(f"git did not finish within {_GIT_S} s") from None
    if done.returncode:
        raise TransferError(f"git: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
