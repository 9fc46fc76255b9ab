# SPDX-License-Identifier: Apache-2.0
"""The C hashes and signature checks against OpenSSL's and libsodium's."""

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from motet_native import crypto
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

quick = settings(derandomize=True, max_examples=150, deadline=None)
seeds = st.binary(min_size=32, max_size=32)


def libsodium(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        VerifyKey(key).verify(message, signature)
    except BadSignatureError:
        return False
    return True


@quick
@given(st.binary(max_size=600))
def test_hashes_are_those_of_openssl(message: bytes) -> None:
    assert crypto.sha256(message) == hashlib.sha256(message).digest()
    assert crypto.sha512(message) == hashlib.sha512(message).digest()


def test_hashes_agree_at_every_length_around_the_block_borders() -> None:
    for length in range(300):
        message = bytes(index * 7 & 255 for index in range(length))
        assert crypto.sha256(message) == hashlib.sha256(message).digest()
        assert crypto.sha512(message) == hashlib.sha512(message).digest()


@quick
@given(seeds, st.binary(max_size=200))
def test_signatures_of_openssl_are_accepted(seed: bytes, message: bytes) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    assert crypto.ed25519_verify(key.public_key().public_bytes_raw(), key.sign(message), message)


@quick
@given(seeds, st.binary(max_size=40), st.integers(0, 95), st.integers(1, 255))
def test_a_changed_byte_in_key_or_signature_gets_libsodiums_answer(seed: bytes, message: bytes, at: int, change: int) -> None:
    key = Ed25519PrivateKey.from_private_bytes(seed)
    both = bytearray(key.public_key().public_bytes_raw() + key.sign(message))
    both[at] ^= change
    mine = crypto.ed25519_verify(both[:32], both[32:], message)
    assert mine is libsodium(bytes(both[:32]), bytes(both[32:]), message) is False


@quick
@given(st.binary(min_size=32, max_size=32), st.binary(min_size=64, max_size=64))
def test_noise_gets_libsodiums_answer(key: bytes, signature: bytes) -> None:
    assert crypto.ed25519_verify(key, signature, b"message") is libsodium(key, signature, b"message")
