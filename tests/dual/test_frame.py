# SPDX-License-Identifier: Apache-2.0
"""Checksums, stuffing and the decoder of single frames."""

import unittest

from link_world import Random
from motet_native import frame


def stuffed(data):
    """COBS by the book (Cheshire and Baker, 1999), with the ending zero."""
    out = bytearray()
    block = bytearray()
    for byte in data:
        if byte:
            block.append(byte)
        if not byte or len(block) == 254:
            out += bytes([len(block) + 1]) + block
            ended_by_zero = not byte
            block = bytearray()
    if block or not data or ended_by_zero:
        out += bytes([len(block) + 1]) + block
    return bytes(out) + b"\0"


def sealed(payload):
    crc = frame.crc32(payload)
    return payload + bytes([crc >> shift & 255 for shift in (0, 8, 16, 24)])


class Crc32Test(unittest.TestCase):
    def test_gives_the_check_value_of_the_standard(self):
        self.assertEqual(frame.crc32(b"123456789"), 0xCBF43926)

    def test_of_nothing_is_zero(self):
        self.assertEqual(frame.crc32(b""), 0)

    def test_gives_known_values(self):
        self.assertEqual(frame.crc32(b"a"), 0xE8B7BE43)
        self.assertEqual(frame.crc32(bytes(32)), 0x190A55AD)
        self.assertEqual(frame.crc32(b"\xff" * 32), 0xFF6CAB0B)
        self.assertEqual(frame.crc32(bytes(range(32))), 0x91267E8A)

    def test_continues_from_the_checksum_of_the_bytes_before(self):
        for cut in range(10):
            self.assertEqual(frame.crc32(b"123456789"[cut:], frame.crc32(b"123456789"[:cut])), 0xCBF43926)

    def test_takes_any_buffer_and_a_seed_by_name(self):
        self.assertEqual(frame.crc32(memoryview(b"123456789")), 0xCBF43926)
        self.assertEqual(frame.crc32(bytearray(b"6789"), seed=frame.crc32(b"12345")), 0xCBF43926)

    def test_never_agrees_for_two_seeds(self):
        self.assertEqual(len({frame.crc32(b"same bytes", seed) for seed in range(1000)}), 1000)

    def test_refuses_what_is_no_buffer(self):
        for wrong in (7, None):
            with self.assertRaises(TypeError):
                frame.crc32(wrong)


class EncodeTest(unittest.TestCase):
    def test_gives_the_vectors_of_the_specification(self):
        self.assertEqual(stuffed(b""), b"\x01\0")
        self.assertEqual(stuffed(b"\0"), b"\x01\x01\0")
        self.assertEqual(stuffed(b"\0\0"), b"\x01\x01\x01\0")
        self.assertEqual(stuffed(b"\x11\x22\0\x33"), b"\x03\x11\x22\x02\x33\0")
        self.assertEqual(stuffed(b"\x11\0\0\0"), b"\x02\x11\x01\x01\x01\0")
        self.assertEqual(stuffed(bytes(range(1, 255))), b"\xff" + bytes(range(1, 255)) + b"\0")

    def test_equals_a_straightforward_encoder_around_the_block_length(self):
        for length in list(range(12)) + list(range(245, 262)) + list(range(500, 520)):
            for payload in (bytes(length), b"\1" * length, b"\1" * (length - 1) + b"\0", b"\0" + b"\1" * (length - 1)):
                self.assertEqual(frame.encode(payload), stuffed(sealed(payload)))

    def test_ends_a_frame_of_254_bytes_without_an_empty_block(self):
        random = Random(3)
        done = 0
        while done < 5:
            body = sealed(bytes([1 + random.below(255) for _ in range(250)]))
            if 0 not in body:
                self.assertEqual(frame.encode(body[:-4]), b"\xff" + body + b"\0")
                done += 1

    def test_leaves_no_zero_inside(self):
        random = Random(1)
        for _ in range(100):
            encoded = frame.encode(random.bytes(random.below(600)))
            self.assertEqual(encoded.count(b"\0"), 1)

    def test_costs_one_byte_in_254_and_two_more(self):
        for length in (0, 1, 249, 250, 251, 503, 504, 505, 1000):
            sealed_length = length + 4
            self.assertTrue(len(frame.encode(b"\1" * length)) <= sealed_length + sealed_length // 254 + 2)

    def test_refuses_what_is_no_buffer(self):
        for wrong in (7, None):
            with self.assertRaises(TypeError):
                frame.encode(wrong)


class DecoderTest(unittest.TestCase):
    def test_gives_back_what_was_encoded(self):
        random = Random(2)
        decoder = frame.Decoder()
        payloads = [random.bytes(random.below(700)) for _ in range(60)]
        payloads += [bytes(n) for n in (0, 1, 249, 250, 251, 1024)] + [
            b"\7" * n for n in (0, 1, 249, 250, 251, 252, 253, 254, 1024)
        ]
        stream = b"".join([frame.encode(payload) for payload in payloads])
        self.assertEqual(decoder.feed(stream), payloads)
        self.assertEqual((decoder.errors, decoder.overruns), (0, 0))

    def test_takes_a_stream_in_pieces_of_any_size(self):
        stream = frame.encode(b"one") + frame.encode(bytes(300)) + frame.encode(b"")
        for size in (1, 2, 3, 7, 100):
            decoder = frame.Decoder()
            got = []
            for at in range(0, len(stream), size):
                got += decoder.feed(stream[at : at + size])
            self.assertEqual(got, [b"one", bytes(300), b""])

    def test_finds_a_frame_behind_garbage_that_a_zero_ends(self):
        decoder = frame.Decoder()
        self.assertEqual(decoder.feed(b"boot: hello\r\n\0" + frame.encode(b"first")), [b"first"])
        self.assertEqual(decoder.errors, 1)

    def test_sees_no_error_in_zeros_between_frames(self):
        decoder = frame.Decoder()
        self.assertEqual(decoder.feed(b"\0\0\0" + frame.encode(b"x") + b"\0\0"), [b"x"])
        self.assertEqual(decoder.errors, 0)

    def test_notices_every_single_bit_error(self):
        encoded = frame.encode(b"\0\1some payload\0\xff")
        for bit in range(8 * len(encoded)):
            damaged = bytearray(encoded)
            damaged[bit >> 3] ^= 1 << (bit & 7)
            decoder = frame.Decoder()
            self.assertEqual(decoder.feed(bytes(damaged) + b"\0" + frame.encode(b"next")), [b"next"])
            self.assertTrue(decoder.errors >= 1)

    def test_notices_truncation_at_every_byte(self):
        encoded = frame.encode(bytes(range(40)) + b"\0tail")
        for length in range(1, len(encoded) - 1):
            decoder = frame.Decoder()
            self.assertEqual(decoder.feed(encoded[:length] + b"\0"), [])
            self.assertEqual(decoder.errors, 1)

    def test_drops_and_counts_what_is_longer_than_the_limit(self):
        decoder = frame.Decoder(limit=10)
        stream = frame.encode(b"a" * 11) + frame.encode(b"b" * 10) + b"c" * 1000 + b"\0" + frame.encode(b"d")
        self.assertEqual(decoder.feed(stream), [b"b" * 10, b"d"])
        self.assertEqual(decoder.overruns, 2)

    def test_takes_empty_payloads_with_a_limit_of_none(self):
        decoder = frame.Decoder(0)
        self.assertEqual(decoder.feed(frame.encode(b"") + frame.encode(b"x")), [b""])
        self.assertEqual(decoder.overruns, 1)

    def test_survives_random_bytes_and_still_works(self):
        random = Random(4)
        decoder = frame.Decoder(limit=64)
        for _ in range(200):
            for payload in decoder.feed(random.bytes(random.below(200))):
                self.assertTrue(len(payload) <= 64)
        self.assertTrue(decoder.errors + decoder.overruns > 0)
        self.assertEqual(decoder.feed(b"\0" + frame.encode(b"alive"))[-1], b"alive")

    def test_refuses_limits_out_of_range(self):
        for wrong in (-1, 1 << 25):
            with self.assertRaises(ValueError):
                frame.Decoder(wrong)
        with self.assertRaises(TypeError):
            frame.Decoder("ten")

    def test_refuses_what_is_no_buffer(self):
        with self.assertRaises(TypeError):
            frame.Decoder().feed(7)

    def test_counters_cannot_be_set(self):
        with self.assertRaises(AttributeError):
            frame.Decoder().errors = 3
