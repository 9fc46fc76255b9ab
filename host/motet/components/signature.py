# SPDX-License-Identifier: Apache-2.0
"""Signatures of a package: over what it is called, what is in it and what its author says of it, wherever it travels.

The signed payload is the CBOR map {1: kind, 2: name, 3: revision, 4: SHA-256 of the content, 5: SHA-256 of the text of
Component.toml, 6: {media type: SHA-256} of its attestations, left out when there are none}. It travels in the signed message,
so that a signature says itself which attestations it covers: whatever else somebody attaches to a package in a registry counts
for nothing, and harms nobody. A package may carry signatures of several.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from motet.components.errors import ComponentError
from motet.components.packages import Package
from motet.trust import PrivateKey, TrustError, TrustStore, sign, signer
from motet.trust.signing import PACKAGE
from motet_core import cbor
from motet_core.errors import MotetError

_COVERED = 6


class SignatureError(ComponentError):
    """The signature of a package is missing, wrong, of another package or of a key that is not trusted."""


@dataclass(frozen=True)
class Checked:
    """`publishers`: the trusted keys that signed it, by name, none for an unsigned package. `package`: without what
    their signatures do not cover."""

    publishers: tuple[str, ...]
    package: Package


def statement(package: Package) -> bytes:
    """What is signed."""
    digests = [_sha256(package.content), _sha256(package.manifest.encode())]
    fields = dict(enumerate([package.kind, package.name, package.revision, *digests], 1))
    covered = {kind: _sha256(content) for kind, content in package.attachments}
    return bytes(cbor.dumps(fields | ({_COVERED: covered} if covered else {})))


def signed(package: Package, key: PrivateKey) -> Package:
    """The package with this author's signature as well; it replaces an older one of the same key.

    Raises SignatureError when two attestations are of one kind: which of them is meant is not said.
    """
    if len(dict(package.attachments)) < len(package.attachments):
        raise SignatureError(f"{package.kind} {package.name} has two attestations of one kind; build it anew")
    others = tuple(one for one in package.signatures if _signer(one) != key.public.id)
    return replace(package, signatures=(*others, sign(key, statement(package), PACKAGE)))


def checked(package: Package, trusted: TrustStore) -> Checked:
    """Who signed the package, and what of it they signed. All of one publisher's attestations count, nobody else's.

    Raises SignatureError when there are signatures and none holds: one that does not is worse than none.
    """
    if not package.signatures:
        return Checked((), replace(package, attachments=()))
    found: dict[str, Package] = {}
    refusals: list[str] = []
    for envelope in package.signatures:
        try:
            name, payload = trusted.check(envelope, PACKAGE)
            found[name] = _covered(package, payload)
        except (TrustError, SignatureError) as error:
            refusals.append(str(error))
    if not found:
        raise SignatureError(f"{package.kind} {package.name}: {refusals[0]}")
    names = tuple(sorted(found))
    return Checked(names, found[names[0]])


def publisher(package: Package, trusted: TrustStore) -> str | None:
    """Name of the first trusted key that signed the package; None for one without signature. Raises SignatureError."""
    names = checked(package, trusted).publishers
    return names[0] if names else None


def _covered(package: Package, payload: bytes) -> Package:
    """The package with the attestations that this signed payload names. Raises SignatureError."""
    try:
        said = cbor.loads(payload)
    except MotetError:
        said = None
    named = said.get(_COVERED, {}) if isinstance(said, dict) else None
    if not isinstance(named, dict):
        raise SignatureError("the signature is not of a package")
    there = {(kind, _sha256(content)): content for kind, content in package.attachments}
    missing = sorted(str(kind) for kind, digest in named.items() if (kind, digest) not in there)
    if missing:
        raise SignatureError(f"its signed attestation {missing[0]:.60} is missing or was changed")
    covered = replace(package, attachments=tuple((key[0], content) for key, content in there.items() if key in named.items()))
    if payload != statement(covered):
        raise SignatureError("the signature is of another package, or the package was changed")
    return covered


def _signer(envelope: bytes) -> bytes:
    try:
        return signer(envelope)
    except TrustError:
        return b""


def _sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()
