# SPDX-License-Identifier: Apache-2.0
"""Hashes and signature checks: the standards' examples, and what a lenient check would let through."""

import binascii
import unittest

from motet_native import crypto

unhex = binascii.unhexlify

# RFC 8032 §7.1, tests 1 to 3: key, message, signature.
VECTORS = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
)
ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19
SMALL_ORDER = (
    0,
    1,
    PRIME - 1,
    int.from_bytes(unhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
    int.from_bytes(unhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
)
SIGN = 1 << 255


def little(number):
    # MicroPython's to_bytes takes small numbers only where long ones are left out of its build.
    return bytes([number >> 8 * i & 255 for i in range(32)])


class HashTest(unittest.TestCase):
    def test_sha256_of_the_standards_example(self):
        self.assertEqual(crypto.sha256(b"abc"), unhex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))

    def test_sha512_of_the_standards_example(self):
        digest = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        digest += "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        self.assertEqual(crypto.sha512(b"abc"), unhex(digest))

    def test_of_nothing(self):
        self.assertEqual(crypto.sha256(b"")[:4], unhex("e3b0c442"))
        self.assertEqual(crypto.sha512(bytearray())[:4], unhex("cf83e135"))

    def test_refuses_what_is_no_buffer(self):
        for hashed in (crypto.sha256, crypto.sha512):
            with self.assertRaises(TypeError):
                hashed(7)


class SignatureTest(unittest.TestCase):
    def test_accepts_the_standards_signatures(self):
        for key, message, signature in VECTORS:
            self.assertTrue(crypto.ed25519_verify(unhex(key), unhex(signature), unhex(message)))

    def test_refuses_another_message_key_or_signature(self):
        key, message, signature = (unhex(text) for text in VECTORS[2])
        self.assertFalse(crypto.ed25519_verify(key, signature, message + b"\0"))
        self.assertFalse(crypto.ed25519_verify(unhex(VECTORS[1][0]), signature, message))
        for index in range(64):
            changed = bytearray(signature)
            changed[index] ^= 1
            self.assertFalse(crypto.ed25519_verify(key, changed, message))

    def test_refuses_a_scalar_that_is_not_reduced(self):
        # S + L satisfies the same equation: whoever takes it gives each signature several forms.
        key, message, signature = (unhex(text) for text in VECTORS[2])
        scalar = int.from_bytes(signature[32:], "little")
        self.assertFalse(crypto.ed25519_verify(key, signature[:32] + little(scalar + ORDER), message))

    def test_refuses_keys_under_which_anybody_can_sign(self):
        for y in SMALL_ORDER:
            for point in (y, y | SIGN):
                signature = little(point) + bytes(32)
                for message in (b"", b"a", b"b", b"c", b"d", b"e", b"f", b"g"):
                    self.assertFalse(crypto.ed25519_verify(little(point), signature, message))

    def test_refuses_a_commitment_of_small_order_under_an_honest_key(self):
        key = unhex(VECTORS[0][0])
        for y in SMALL_ORDER:
            self.assertFalse(crypto.ed25519_verify(key, little(y) + bytes(32), b""))

    def test_refuses_encodings_that_are_not_canonical(self):
        for y in range(PRIME, 2**255):
            self.assertFalse(crypto.ed25519_verify(little(y), little(y) + bytes(32), b""))

    def test_tells_unusable_keys_beforehand(self):
        self.assertTrue(all(crypto.ed25519_key_usable(unhex(key)) for key, _, _ in VECTORS))
        for y in SMALL_ORDER + (PRIME, PRIME + 1, 2**255 - 1):
            self.assertFalse(crypto.ed25519_key_usable(little(y)))
            self.assertFalse(crypto.ed25519_key_usable(little(y | SIGN)))
        with self.assertRaises(ValueError):
            crypto.ed25519_key_usable(b"")

    def test_refuses_other_lengths_by_name(self):
        key, message, signature = (unhex(text) for text in VECTORS[2])
        for arguments, named in (((key[:31], signature, message), "key"), ((key, signature + b"\0", message), "signature")):
            try:
                crypto.ed25519_verify(*arguments)
            except ValueError as error:
                self.assertTrue(str(error).startswith(named))
            else:
                self.fail("taken")


if __name__ == "__main__":
    unittest.main()
