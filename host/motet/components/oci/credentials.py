# SPDX-License-Identifier: Apache-2.0
"""Credentials of registries. Each belongs to one registry and is sent to no other, whatever a package's address says.

MOTET_REGISTRY=host[:port] names the registry of MOTET_REGISTRY_TOKEN, or of MOTET_REGISTRY_USER with MOTET_REGISTRY_PASSWORD.
Otherwise those count that `docker login` or `oras login` have written down for the registry.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path

from motet.components.oci.http import TransferError

# (user, password), or (None, token).
Credentials = tuple[str | None, str]
_MAX_FILE = 1 << 20


def credentials(host: str, environ: Mapping[str, str] | None = None) -> Credentials | None:
    """Those for the registry at `host`, None without. Raises TransferError when it is not said whom a password is for."""
    given = os.environ if environ is None else environ
    own = _own(given)
    named = given.get("MOTET_REGISTRY", "")
    if own is not None and not named:
        raise TransferError("set MOTET_REGISTRY=host[:port]: it says which registry MOTET_REGISTRY_TOKEN or _PASSWORD is for")
    if own is not None and named.lower() == host.lower():
        return own
    return _logged_in(host, given)


def _own(given: Mapping[str, str]) -> Credentials | None:
    token, user, password = (given.get(f"MOTET_REGISTRY_{name}") for name in ("TOKEN", "USER", "PASSWORD"))
    if token:
        return None, token
    return (user, password) if user and password else None


def _logged_in(host: str, given: Mapping[str, str]) -> Credentials | None:
    folder = Path(given.get("DOCKER_CONFIG") or Path(given.get("HOME") or "/") / ".docker")
    try:
        with (folder / "config.json").open("rb") as file:
            text = base64.b64decode(json.loads(file.read(_MAX_FILE))["auths"][host]["auth"], validate=True).decode()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        # Not there, kept by a helper program, or not what other programs write: then there are none.
        return None
    user, colon, password = text.partition(":")
    return (user, password) if colon and user and password else None
