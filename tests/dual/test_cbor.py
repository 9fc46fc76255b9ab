# SPDX-License-Identifier: Apache-2.0
"""CBOR in one form only: what is written, and everything that is refused."""

import struct
import unittest
from binascii import hexlify, unhexlify

from motet_core import cbor
from motet_core.errors import WireError

# RFC 8949 appendix A, without tags and indefinite lengths.
VECTORS = (
    (0, "00"), (23, "17"), (24, "1818"), (100, "1864"), (1000, "1903e8"), (1000000, "1a000f4240"),
    (1000000000000, "1b000000e8d4a51000"), (18446744073709551615, "1bffffffffffffffff"),
    (-18446744073709551616, "3bffffffffffffffff"), (-1, "20"), (-10, "29"), (-100, "3863"), (-1000, "3903e7"),
    (0.0, "f90000"), (1.0, "f93c00"), (1.5, "f93e00"), (65504.0, "f97bff"), (100000.0, "fa47c35000"),
    (5.960464477539063e-8, "f90001"), (0.00006103515625, "f90400"), (-4.0, "f9c400"), (float("inf"), "f97c00"),
    (float("-inf"), "f9fc00"), (False, "f4"), (True, "f5"), (None, "f6"), (b"", "40"), (b"\1\2\3\4", "4401020304"),
    ("", "60"), ("a", "6161"), ("IETF", "6449455446"), ('"\\', "62225c"), ("\u00fc", "62c3bc"), ("\u6c34", "63e6b0b4"),
    ([], "80"), ([1, 2, 3], "83010203"), ([1, [2, 3], [4, 5]], "8301820203820405"), ({}, "a0"), ({1: 2, 3: 4}, "a201020304"),
    ({"a": 1, "b": [2, 3]}, "a26161016162820203"), (["a", {"b": "c"}], "826161a161626163"),
)  # fmt: skip

REFUSED = (
    ("", "cut off"), ("18", "cut off"), ("19ff", "cut off"), ("4401", "cut off"), ("62c3", "cut off"), ("8201", "more items"),
    ("a101", "more items"), ("a26161016162", "cut off"), ("0000", "after the end"), ("1817", "longer than needed"),
    ("1900ff", "longer than needed"), ("1a0000ffff", "longer than needed"), ("1b00000000ffffffff", "longer than needed"),
    ("5801ff", "longer than needed"), ("f818", "simple"), ("f7", "simple"), ("e0", "simple"), ("5f4101ff", "indefinite"),
    ("9f01ff", "indefinite"), ("bf6161ff", "indefinite"), ("ff", "simple"), ("1c", "reserved"), ("c100", "tag"),
    ("a2616101616102", "doubled"), ("a2616201616102", "sorted"), ("a1f600", "key"), ("a14100", "key"),
    ("a18000", "key"), ("a1f500", "key"), ("61ff", "UTF-8"), ("fa3fc00000", "shortest"), ("fb3ff8000000000000", "shortest"),
    ("fa7fc00000", "shortest"), ("fb7ff0000000000000", "shortest"), ("f97e01", "shortest"), ("fb36a0000000000000", "shortest"),
    ("9affffffff", "more items"), ("bb7fffffffffffffff", "more items"), ("5affffffff", "cut off"),
    ("7bffffffffffffffff", "cut off"),
)  # fmt: skip


def random_bytes(seed, count):
    """Equal on every interpreter."""
    data = bytearray()
    for _ in range(count):
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        data.append(seed >> 16 & 255)
    return bytes(data), seed


class EncodingTest(unittest.TestCase):
    def test_writes_the_vectors_of_the_rfc(self):
        for value, expected in VECTORS:
            self.assertEqual(hexlify(cbor.dumps(value)).decode(), expected, repr(value))

    def test_reads_what_it_wrote(self):
        for value, expected in VECTORS:
            self.assertEqual(cbor.loads(unhexlify(expected)), value)

    def test_sorts_map_keys_by_length_then_bytes(self):
        data = cbor.dumps({"aa": 1, 1000: 2, "b": 3, -1: 4, 5: 5, "": 6, 24: 7})
        self.assertEqual(hexlify(data).decode(), "a7050520046006181807616203" + "1903e802" + "62616101")

    def test_every_nan_is_the_canonical_one(self):
        self.assertEqual(cbor.dumps(float("nan")), b"\xf9\x7e\x00")
        value = cbor.loads(b"\xf9\x7e\x00")
        self.assertTrue(value != value)

    def test_negative_zero_keeps_its_sign(self):
        self.assertEqual(cbor.dumps(-0.0), b"\xf9\x80\x00")
        self.assertEqual(struct.pack(">f", cbor.loads(b"\xf9\x80\x00")), b"\x80\0\0\0")

    def test_tuples_bytearrays_and_views_are_arrays_and_byte_strings(self):
        self.assertEqual(cbor.dumps((1, bytearray(b"ab"), memoryview(b"cd"))), b"\x83\x01\x42ab\x42cd")

    def test_refuses_what_is_no_message(self):
        for value in (1 << 64, -(1 << 64) - 1, {1.5: 1}, {None: 1}, {b"a": 1}, {True: 1}, {(1,): 1}, object(), [object()]):
            with self.assertRaises(WireError):
                cbor.dumps(value)

    def test_nests_thirty_two_deep_both_ways_and_no_deeper(self):
        value = 1
        for _ in range(32):
            value = [value]
        self.assertEqual(cbor.loads(cbor.dumps(value)), value)
        with self.assertRaises(WireError):
            cbor.dumps([value])
        with self.assertRaises(WireError):
            cbor.loads(b"\x81" * 33 + b"\x01")
        with self.assertRaises(WireError):
            cbor.loads(b"\x81" * 5000)


class RefusalTest(unittest.TestCase):
    def test_refuses_each_other_form_and_says_why(self):
        for text, why in REFUSED:
            try:
                cbor.loads(unhexlify(text))
            except WireError as error:
                self.assertIn(why, error.message, text)
                self.assertIn("at byte", error.message)
            else:
                self.fail("accepted " + text)

    def test_refuses_every_truncation(self):
        whole = cbor.dumps({"a": [1, 1000, 1.5, 0.1, "text", b"bytes", None, {"b": -1}], "long": "x" * 300})
        for length in range(len(whole)):
            with self.assertRaises(WireError):
                cbor.loads(whole[:length])

    def test_random_bytes_are_refused_or_read_back_to_the_same_bytes(self):
        seed = 7
        for length in range(1, 13):
            for _ in range(150):
                data, seed = random_bytes(seed, length)
                try:
                    value = cbor.loads(data)
                except WireError:
                    continue
                # A double that this interpreter's floats cannot hold is the only value that may change.
                self.assertTrue(0xFB in data or cbor.dumps(value) == data, repr(data))

    def test_mutations_of_a_message_never_raise_anything_else(self):
        whole = bytearray(cbor.dumps({"a": [1, 1000, 1.5, "text", b"bytes", {"b": -1}], "k": "x" * 30}))
        for index in range(len(whole)):
            for flip in (1, 0x20, 0x80, 0xFF):
                whole[index] ^= flip
                try:
                    cbor.loads(whole)
                except WireError:
                    pass
                whole[index] ^= flip
