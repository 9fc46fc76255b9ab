# SPDX-License-Identifier: Apache-2.0
from typing_extensions import Buffer

def sha256(message: Buffer) -> bytes:
    """The 32 bytes of SHA-256 (FIPS 180-4)."""

def sha512(message: Buffer) -> bytes:
    """The 64 bytes of SHA-512 (FIPS 180-4)."""

def ed25519_verify(key: Buffer, signature: Buffer, message: Buffer) -> bool:
    """Whether the 64 bytes of `signature` over `message` were made with the 32-byte public `key` (RFC 8032 §5.1.7).

    Stricter than the RFC, with libsodium's answers: points of small order or in a non-canonical encoding are refused as
    key and as R, and an S that is not reduced is refused. Raises ValueError when key or signature have another length.
    """

def ed25519_key_usable(key: Buffer) -> bool:
    """False for a key of small order or in a non-canonical encoding, under which anybody could sign or which has a twin.

    Whether it is a point of the curve at all shows when a signature is checked. Raises ValueError for another length.
    """
