# SPDX-License-Identifier: Apache-2.0
"""Packages of another gateway: ``gateway+https://host[:port]/NAME[@sha256:...]``, with ``component/`` or ``model/`` before a name
that both have. The other gateway is believed nothing: digests are computed, and who signed it is looked up in one's own trust.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from motet.components.oci import archive, blobs
from motet.components.oci.blobs import PackageFormatError
from motet.components.oci.contents import digest_of, unpack
from motet.components.oci.http import Http, TransferError
from motet.components.packages import Package

SCHEME = "gateway+"
KINDS = ("component", "model")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_MAX_LIST = 1 << 20


@dataclass(frozen=True)
class Address:
    """`base`: URL of the gateway; `kind` empty when it is not said; `digest` empty for the newest revision."""

    base: str
    kind: str
    name: str
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """Raises TransferError, PackageFormatError."""
        url, at, digest = text.removeprefix(SCHEME).partition("@")
        parts = urlsplit(url)
        *before, name = parts.path.split("/")
        kind = before.pop() if before and before[-1] in KINDS else ""
        odd = parts.query or parts.fragment or not _NAME.fullmatch(name) or {".", ".."} & {*before}
        if parts.scheme not in ("https", "http") or not parts.netloc or odd:
            raise TransferError(f"{text[:200]!r} is not {SCHEME}https://host[:port]/NAME[@sha256:...]")
        return cls(f"{parts.scheme}://{parts.netloc}{'/'.join(before)}", kind, name, blobs.check_digest(digest) if at else "")

    def fetch(self, http: Http) -> Package:
        """The package. Raises TransferError, PackageFormatError."""
        kind = self.kind or self._kind(http)
        query = f"?digest={quote(self.digest)}" if self.digest else ""
        url = f"{self.base}/api/v1/packages/{kind}/{self.name}/archive{query}"
        package = unpack(archive.loads(self._body(http, url, archive.MAX_BYTES)))
        if (package.kind, package.name) != (kind, self.name) or self.digest not in ("", digest_of(package)):
            raise PackageFormatError(f"{self.base}: asked for {kind} {self.name} {self.digest}, it gave another package")
        return package

    def _kind(self, http: Http) -> str:
        """Which of the two kinds it is. Raises TransferError when it is neither or both."""
        body = self._body(http, f"{self.base}/api/v1/packages", _MAX_LIST)
        told: Any = blobs.parse(body, "the list of packages").get("packages")
        rows = [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []
        known = sorted({str(row.get("kind")) for row in rows if row.get("name") == self.name} & set(KINDS))
        if len(known) == 1:
            return known[0]
        why = "has both a component and a model of this name: say which, as in .../model/NAME" if known else "has no such package"
        raise TransferError(f"{self.base}: {self.name}: it {why}")

    def _body(self, http: Http, url: str, most: int) -> bytes:
        status, _, body = http.ask("GET", url, most, headers=_token(url))
        if status != 200:
            raise TransferError(f"{self.base}: {_reason(body) or f'it answered {status}'}")
        return body


def _token(url: str) -> dict[str, str]:
    """The access token for the gateway that it is for, and for no other. Raises TransferError when that is not said."""
    token, peer = os.environ.get("MOTET_PEER_TOKEN"), os.environ.get("MOTET_PEER", "")
    if token and not peer:
        raise TransferError("set MOTET_PEER=host[:port]: it says which gateway MOTET_PEER_TOKEN is for")
    return {"Authorization": f"Bearer {token}"} if token and urlsplit(url).netloc.lower() == peer.lower() else {}


def _reason(body: bytes) -> str:
    """The gateway's own words."""
    try:
        return str(blobs.parse(body, "the answer").get("error", ""))[:300]
    except PackageFormatError:
        return ""
