# SPDX-License-Identifier: Apache-2.0
"""Signed messages on the host: the form, and the checking of it, are those of ``motet_core.cose``."""

from __future__ import annotations

from motet.trust.errors import TrustError
from motet.trust.keys import PrivateKey, PublicKey
from motet_core import cbor, cose
from motet_core.errors import MotetError

# What signatures are made for: one for a purpose counts for no other.
PACKAGE = "package"
ARTIFACT = "artifact"
GRANT = "grant"


def sign(key: PrivateKey, payload: bytes, context: str, detached: bool = False) -> bytes:
    """The signed message; without the payload in it when that travels elsewhere (``detached``)."""
    header = cose.protected(key.public.raw)
    signature = key.sign(cose.to_be_signed(header, context, payload))
    return bytes(cbor.dumps([header, {}, None if detached else payload, signature]))


def signer(envelope: bytes) -> bytes:
    """The key id that the message names, which proves nothing yet. Raises TrustError when it is no signed message."""
    try:
        return bytes(cose.signer(envelope))
    except MotetError as error:
        raise TrustError(error.message) from None


def opened(envelope: bytes, key: PublicKey, context: str, detached: bytes | None = None) -> bytes:
    """The payload, when `key` signed it for `context`. Raises TrustError."""
    try:
        return bytes(cose.opened(envelope, key.raw, context, detached))
    except MotetError as error:
        raise TrustError(error.message) from None
