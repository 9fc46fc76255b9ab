# SPDX-License-Identifier: Apache-2.0
"""Signed messages: what is opened, and everything that is refused."""

import binascii
import unittest

from motet_core import cbor, cose
from motet_core.errors import Untrusted

unhex = binascii.unhexlify

# Made by motet.trust with the key of 32 zero bytes: see tests/unit/test_trust.py, which makes the same again.
KEY = unhex("3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29")
SIGNED = unhex(
    "844da201270448139e3940e64b5491a0477061796c6f61645840cfa40afbaedcf36ac752fdfd848f1d0126eb34b44466ef9c"
    "108d135256dca09c30a40e4a806c46aa3e04d4b06938dcee75ea4f56c0442be5afa3b7192b36a30a"
)
DETACHED = unhex(
    "844da201270448139e3940e64b5491a0f65840cfa40afbaedcf36ac752fdfd848f1d0126eb34b44466ef9c108d135256dca0"
    "9c30a40e4a806c46aa3e04d4b06938dcee75ea4f56c0442be5afa3b7192b36a30a"
)


def refusal(*arguments):
    try:
        cose.opened(*arguments)
    except Untrusted as error:
        return error.message
    return None


class OpenedTest(unittest.TestCase):
    def test_gives_the_payload_that_was_signed(self):
        self.assertEqual(cose.opened(SIGNED, KEY, "test"), b"payload")

    def test_takes_a_detached_payload_from_elsewhere(self):
        self.assertEqual(cose.opened(DETACHED, KEY, "test", b"payload"), b"payload")
        self.assertEqual(refusal(DETACHED, KEY, "test", b"paylord"), "the signature is wrong")

    def test_refuses_a_signature_made_for_another_purpose(self):
        self.assertEqual(refusal(SIGNED, KEY, "tesu"), "the signature is wrong")

    def test_refuses_a_missing_and_a_second_payload(self):
        self.assertEqual(refusal(DETACHED, KEY, "test"), "the signed message has no payload")
        self.assertEqual(refusal(SIGNED, KEY, "test", b"payload"), "the signed message has a second payload")

    def test_refuses_another_key_by_its_id(self):
        other = unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        self.assertEqual(refusal(SIGNED, other, "test"), "signed with another key than the one expected")

    def test_refuses_every_change_of_a_byte(self):
        for index in range(len(SIGNED)):
            changed = bytearray(SIGNED)
            changed[index] ^= 0x10
            self.assertTrue(refusal(changed, KEY, "test"))

    def test_refuses_every_beginning_and_what_goes_on(self):
        for length in range(len(SIGNED)):
            self.assertEqual(refusal(SIGNED[:length], KEY, "test"), "not a signed message")
        self.assertEqual(refusal(SIGNED + b"\0", KEY, "test"), "not a signed message")

    def test_refuses_other_headers(self):
        header, _, payload, signature = cbor.loads(SIGNED)
        fields = cbor.loads(header)
        for changed in ({1: -7, 4: fields[4]}, {1: -8}, {1: -8, 4: b""}, {1: -8, 2: [1], 4: fields[4]}, {}, [1, 2], -8):
            envelope = cbor.dumps([cbor.dumps(changed), {}, payload, signature])
            self.assertEqual(refusal(envelope, KEY, "test"), "not a signed message")
        self.assertEqual(refusal(cbor.dumps([header, {4: b"x"}, payload, signature]), KEY, "test"), "not a signed message")

    def test_refuses_parts_of_other_kinds(self):
        header, _, payload, signature = cbor.loads(SIGNED)
        for parts in (
            [header, {}, payload],
            [header, {}, payload, signature, 0],
            [header, {}, "payload", signature],
            [header, {}, payload, signature[:63]],
            [header, [], payload, signature],
            ["x", {}, payload, signature],
            {},
            7,
        ):
            self.assertEqual(refusal(cbor.dumps(parts), KEY, "test"), "not a signed message")


if __name__ == "__main__":
    unittest.main()
