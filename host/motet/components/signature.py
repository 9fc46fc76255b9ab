# SPDX-License-Identifier: Apache-2.0
"""An author's signature of a package: over what it is called and what is in it, wherever it travels.

The signed payload is the CBOR map {1: kind, 2: name, 3: revision, 4: SHA-256 of the content, 5: SHA-256 of the text of
Component.toml}; the signature covers every byte of both, in a registry, an archive or a folder alike.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

from motet.components.errors import ComponentError
from motet.components.packages import Package
from motet.trust import PrivateKey, TrustError, TrustStore, sign
from motet.trust.signing import PACKAGE
from motet_core import cbor


class SignatureError(ComponentError):
    """The signature of a package is missing, wrong, of another package or of a key that is not trusted."""


def statement(package: Package) -> bytes:
    """What is signed."""
    digests = [hashlib.sha256(part).digest() for part in (package.content, package.manifest.encode())]
    fields = [package.kind, package.name, package.revision, *digests]
    return bytes(cbor.dumps(dict(enumerate(fields, 1))))


def signed(package: Package, key: PrivateKey) -> Package:
    """The package with this author's signature, which replaces another one."""
    return replace(package, signature=sign(key, statement(package), PACKAGE, detached=True))


def publisher(package: Package, trusted: TrustStore) -> str | None:
    """Name of the trusted key that signed the package; None for a package without signature.

    Raises SignatureError: a signature that does not hold is worse than none.
    """
    if not package.signature:
        return None
    try:
        return trusted.check(package.signature, PACKAGE, statement(package))[0]
    except TrustError as error:
        raise SignatureError(f"{package.kind} {package.name}: {error}") from None
