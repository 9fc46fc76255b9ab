# SPDX-License-Identifier: Apache-2.0
"""Keys in files, signatures of the host and the store of trusted keys."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.dual import test_cose

from motet.trust import KeyFileError, PrivateKey, PublicKey, TrustError, TrustStore, create, load, opened, sign

ZERO = PrivateKey(Ed25519PrivateKey.from_private_bytes(bytes(32)))


def test_the_device_cores_examples_are_what_the_host_signs() -> None:
    assert sign(ZERO, b"payload", "test") == test_cose.SIGNED
    assert sign(ZERO, b"payload", "test", detached=True) == test_cose.DETACHED


def test_a_key_comes_back_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "author.pem"
    key = create(path)
    assert load(path).public == key.public
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    create(tmp_path / "k")
    before = (tmp_path / "k").read_bytes()
    with pytest.raises(KeyFileError, match="never overwritten"):
        create(tmp_path / "k")
    assert (tmp_path / "k").read_bytes() == before


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    create(tmp_path / "k")
    (tmp_path / "k").chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load(tmp_path / "k")


def test_files_that_hold_no_ed25519_key_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "k"
    other = generate_private_key(SECP256R1())
    encodings = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for text, reason in (
        (b"", "not a private key"),
        (b"\0" * 9999, "not a private key"),
        (other.private_bytes(*encodings), "another kind"),
    ):
        path.write_bytes(text)
        path.chmod(0o600)
        with pytest.raises(KeyFileError, match=reason):
            load(path)
    with pytest.raises(KeyFileError, match="motet keygen"):
        load(tmp_path / "none")


def test_a_public_key_has_one_text() -> None:
    text = str(ZERO.public)
    assert PublicKey.parse(f" {text}\n") == ZERO.public
    assert ZERO.public.fingerprint == ZERO.public.id.hex() and len(ZERO.public.fingerprint) == 16
    stray = text[:-1] + chr(ord(text[-1]) + 1)
    for wrong in ("", text[8:], text + "=", text[:-1], stray, text.replace("ed25519", "rsa"), text + "A", "ed25519:" + "é" * 43):
        with pytest.raises(KeyFileError):
            PublicKey.parse(wrong)


def test_a_public_key_under_which_anybody_signs_is_refused() -> None:
    with pytest.raises(KeyFileError, match="anybody could sign"):
        PublicKey(b"\x01" + bytes(31))


def test_the_store_trusts_whom_it_was_told_to(tmp_path: Path) -> None:
    store, key = TrustStore(tmp_path / "trust"), PrivateKey.generate()
    envelope = sign(key, b"x", "test")
    with pytest.raises(TrustError, match=f"{key.public.fingerprint}, which is not trusted"):
        store.check(envelope, "test")
    assert store.add("anna", key.public) and not store.add("anna", key.public)
    assert store.check(envelope, "test") == ("anna", b"x")
    assert [name for name, _ in store] == ["anna"]
    assert store.remove("anna") and not store.remove("anna")
    with pytest.raises(TrustError, match="not trusted"):
        store.check(envelope, "test")


def test_the_store_takes_no_second_key_of_a_name_and_no_second_name_of_a_key(tmp_path: Path) -> None:
    store, one, other = TrustStore(tmp_path), PrivateKey.generate().public, PrivateKey.generate().public
    store.add("anna", one)
    with pytest.raises(TrustError, match="another key"):
        store.add("anna", other)
    with pytest.raises(TrustError, match="already, as anna"):
        store.add("berta", one)
    assert list(store) == [("anna", one)]


@pytest.mark.parametrize("name", ["", "../x", "A", ".x", "a/b", "a" * 64, "a\n"])
def test_names_that_could_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    store = TrustStore(tmp_path)
    with pytest.raises(TrustError, match="no name for a key"):
        store.add(name, ZERO.public)
    with pytest.raises(TrustError, match="no name for a key"):
        store.remove(name)


def test_a_broken_file_in_the_store_is_named_not_skipped(tmp_path: Path) -> None:
    (tmp_path / "bad.pub").write_text("nothing")
    with pytest.raises(KeyFileError, match=r"bad\.pub"):
        TrustStore(tmp_path).check(sign(ZERO, b"x", "test"), "test")


def test_a_message_of_another_context_or_payload_is_refused() -> None:
    envelope = sign(ZERO, b"x", "test", detached=True)
    assert opened(envelope, ZERO.public, "test", b"x") == b"x"
    with pytest.raises(TrustError, match="wrong"):
        opened(envelope, ZERO.public, "test", b"y")
    with pytest.raises(TrustError, match="not a signed message"):
        opened(b"", ZERO.public, "test", b"y")
