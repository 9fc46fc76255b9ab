# SPDX-License-Identifier: Apache-2.0
"""Who signed what: Ed25519 keys, signed messages (COSE) and the store of keys that are trusted."""

from motet.trust.errors import KeyFileError, TrustError
from motet.trust.keys import PrivateKey, PublicKey, create, load
from motet.trust.signing import opened, sign, signer
from motet.trust.store import TrustStore

__all__ = [
    "KeyFileError",
    "PrivateKey",
    "PublicKey",
    "TrustError",
    "TrustStore",
    "create",
    "load",
    "opened",
    "sign",
    "signer",
]
