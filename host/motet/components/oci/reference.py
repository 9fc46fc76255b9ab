# SPDX-License-Identifier: Apache-2.0
"""Names of packages in registries: ``oci://host[:port]/repository[:tag|@sha256:...]``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from motet.components.oci.blobs import PackageFormatError, check_digest

SCHEME = "oci://"
# Distribution specification 1.1, "Pulling manifests".
_REPOSITORY = re.compile(r"[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?")
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Reference:
    """`version`: a tag or a digest."""

    host: str
    repository: str
    version: str = "latest"

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Raises PackageFormatError."""
        host, slash, rest = text.removeprefix(SCHEME).partition("/")
        repository, at, digest = rest.partition("@")
        tag = "latest"
        if not at:
            repository, colon, named = rest.partition(":")
            tag = named if colon else tag
        wrong = not slash or not _HOST.fullmatch(host) or not _REPOSITORY.fullmatch(repository) or not _TAG.fullmatch(tag)
        if not text.startswith(SCHEME) or wrong or len(repository) > 255:
            raise PackageFormatError(f"{text[:200]!r} is not {SCHEME}host[:port]/repository[:tag|@sha256:...]")
        return cls(host, repository, check_digest(digest) if at else tag)

    def __str__(self) -> str:
        return f"{SCHEME}{self.host}/{self.repository}{'@' if self.by_digest else ':'}{self.version}"

    @property
    def by_digest(self) -> bool:
        """Whether it can only ever mean one content."""
        return ":" in self.version

    @property
    def url(self) -> str:
        """Where the registry's API is: https, but plain http to this very machine."""
        name = self.host.rpartition(":")[0] if not self.host.endswith("]") and ":" in self.host else self.host
        return f"{'http' if name in _LOOPBACK else 'https'}://{self.host}/v2/{self.repository}"
