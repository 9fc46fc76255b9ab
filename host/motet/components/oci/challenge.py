# SPDX-License-Identifier: Apache-2.0
"""The token that a registry sends its clients for (``WWW-Authenticate: Bearer``, as the token authentication of Docker's
distribution has it). Credentials go along only when the token's server is the registry itself: what is for one server is never
sent to another because that one says so. Without, the token is that of anybody, which public packages are pulled with.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from motet.components.oci import blobs
from motet.components.oci.blobs import PackageFormatError
from motet.components.oci.http import Http

_SCHEME = re.compile(r"bearer\s+", re.IGNORECASE)
_PARAMETER = re.compile(r'([A-Za-z_]+)="([^"]{0,1000})"')
_MAX_ANSWER = 64 * 1024
# Of printable characters: it becomes part of a header.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,8192}")


def token(http: Http, challenge: str, registry: str, auth: dict[str, Any]) -> str | None:
    """A token for what `challenge` is about, None when there is none to be had. Raises TransferError.

    `registry`: a URL of the registry; `auth`: arguments with its user and password, or nothing.
    """
    if not _SCHEME.match(challenge):
        return None
    said = dict(_PARAMETER.findall(challenge))
    realm = said.pop("realm", "")
    if not realm:
        return None
    query = urlencode({key: said[key] for key in ("service", "scope") if key in said})
    own = auth if urlsplit(realm)[:2] == urlsplit(registry)[:2] and "auth" in auth else {}
    status, _, body = http.ask("GET", f"{realm}{'&' if '?' in realm else '?'}{query}", _MAX_ANSWER, **own)
    return _token(body) if status == 200 else None


def _token(body: bytes) -> str | None:
    try:
        answer = blobs.parse(body, "the token")
    except PackageFormatError:
        return None
    found = answer.get("token") or answer.get("access_token")
    return found if isinstance(found, str) and _TOKEN.fullmatch(found) else None
