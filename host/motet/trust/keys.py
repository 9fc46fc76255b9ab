# SPDX-License-Identifier: Apache-2.0
"""Ed25519 keys: in memory, as one line of text and in files.

A private key is a PEM file (PKCS #8, RFC 8410) that only its owner can read, without a passphrase: what guards it is the
machine it lies on. A public key is the line ``ed25519:<43 characters of base64url>``.
"""

from __future__ import annotations

import base64
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from motet_native import crypto

from motet.trust.errors import KeyFileError
from motet.trust.files import write_new
from motet_core import cose

_PREFIX = "ed25519:"
_MAX_FILE = 4096


@dataclass(frozen=True)
class PublicKey:
    """A key that signatures are checked with. Raises KeyFileError for one under which anybody could sign."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != cose.KEY_LENGTH:
            raise KeyFileError(f"a public key has {cose.KEY_LENGTH} bytes, this one has {len(self.raw)}")
        if not crypto.ed25519_key_usable(self.raw):
            raise KeyFileError("anybody could sign under this public key (small order or non-canonical encoding)")

    @property
    def id(self) -> bytes:
        """The 8 bytes by which signed messages name the key."""
        return bytes(cose.key_id(self.raw))

    @property
    def fingerprint(self) -> str:
        """The id as people compare it: 16 hexadecimal digits."""
        return self.id.hex()

    def __str__(self) -> str:
        return _PREFIX + base64.urlsafe_b64encode(self.raw).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """The opposite of str(). Raises KeyFileError."""
        body = text.strip().removeprefix(_PREFIX)
        if body == text.strip():
            raise KeyFileError(f"a public key is a line {_PREFIX}..., not {text.strip()[:40]!r}")
        try:
            raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise KeyFileError(f"a public key is {_PREFIX} and base64url: {error}") from None
        key = cls(raw)
        # The last character of base64 has spare bits: one key has one text.
        if str(key) != text.strip():
            raise KeyFileError("the public key is not in its only form; the last character holds stray bits")
        return key


class PrivateKey:
    """A key that signs. Its secret leaves the object only into ``save``."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        self.public = PublicKey(key.public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> PrivateKey:
        return cls(Ed25519PrivateKey.generate())

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the signature (RFC 8032, pure Ed25519)."""
        return self._key.sign(message)

    def save(self, path: Path) -> None:
        """Write a new file that only this user can read. Raises KeyFileError when there is one already."""
        text = self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            # On disk before anybody is shown the public half: devices keep that for good.
            write_new(path, text, 0o600)
        except FileExistsError:
            raise KeyFileError(f"{path} exists; a key is never overwritten: choose another name or delete it") from None
        except OSError as error:
            raise KeyFileError(f"{path}: {error.strerror}") from None


def create(path: Path) -> PrivateKey:
    """A fresh key, saved in a new file. Raises KeyFileError."""
    key = PrivateKey.generate()
    key.save(path)
    return key


def load(path: Path) -> PrivateKey:
    """The key in a file of ``PrivateKey.save``. Raises KeyFileError, also when others could have read the file."""
    try:
        with path.open("rb") as file:
            mode, text = os.fstat(file.fileno()).st_mode, file.read(_MAX_FILE)
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}; make a key with: motet keygen") from None
    if stat.S_IMODE(mode) & 0o077:
        raise KeyFileError(f"{path} can be read by others; if nobody did, run: chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(text, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"{path} is not a private key in PEM without a passphrase") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path} holds a key of another kind than Ed25519")
    return PrivateKey(key)
