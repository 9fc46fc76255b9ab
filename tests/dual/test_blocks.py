# SPDX-License-Identifier: Apache-2.0
"""Messages cut into blocks and joined again, whatever happens on the way."""

import unittest

from motet_core import cbor
from motet_core.errors import WireError
from motet_core.wire.blocks import OVERHEAD, Joiner, digest8, split


class Clock:
    def __init__(self):
        self.now = 0

    def __call__(self):
        return self.now


def payload(size):
    return bytes([0xA1] + [(7 * index) & 0x7F for index in range(size - 1)])


def joiner(max_total=4096, max_open=4, clock=None):
    return Joiner(max_total, clock or Clock(), max_open=max_open)


class SplitTest(unittest.TestCase):
    def test_a_small_message_stays_as_it_is(self):
        self.assertEqual(split(b"\xa0", 64, 1), [b"\xa0"])
        self.assertEqual(len(split(payload(64), 64, 1)), 1)

    def test_no_block_is_longer_than_the_limit(self):
        for limit in (OVERHEAD + 1, 64, 512):
            for tid in (0, 1 << 31, (1 << 32) - 1):
                frames = split(payload(700), limit, tid)
                self.assertLessEqual(max([len(frame) for frame in frames]), limit)

    def test_says_when_a_limit_or_a_payload_is_impossible(self):
        for size, limit in ((100, OVERHEAD), (100, 1), (70000, OVERHEAD + 1)):
            with self.assertRaises(ValueError):
                split(bytes(size), limit, 1)


class JoinTest(unittest.TestCase):
    def test_joins_in_order_in_reverse_and_with_doubles(self):
        whole = payload(1000)
        frames = split(whole, 128, 5)
        for order in (frames, frames[::-1], frames[1:] + frames[:1], [frames[0], frames[0]] + frames[1:]):
            join = joiner()
            got = [found for found in [join.feed(frame) for frame in order] if found is not None]
            self.assertEqual(got, [whole])

    def test_joins_messages_that_arrive_interleaved(self):
        one, two = payload(300), payload(400)
        first, second = split(one, 128, 1), split(two, 128, 2)
        join = joiner()
        got = []
        for index in range(max(len(first), len(second))):
            got += [join.feed(frames[index]) for frames in (first, second) if index < len(frames)]
        self.assertEqual([found for found in got if found is not None], [one, two])

    def test_a_missing_block_gives_nothing(self):
        frames = split(payload(500), 128, 5)
        for missing in range(len(frames)):
            join = joiner()
            for frame in frames[:missing] + frames[missing + 1 :]:
                self.assertIsNone(join.feed(frame))

    def test_a_frame_that_is_no_block_passes(self):
        self.assertEqual(joiner().feed(b"\xa0"), b"\xa0")

    def test_works_again_after_each_refusal(self):
        join = joiner()
        for wrong in (b"", b"\x84", b"\x84\x01\x01\x01\x01", b"\xa1" * 5000):
            with self.assertRaises(WireError):
                join.feed(wrong)
        self.assertEqual([join.feed(frame) for frame in split(payload(200), 128, 1)][-1], payload(200))


class HostileTest(unittest.TestCase):
    def refuse(self, join, *items):
        with self.assertRaises(WireError):
            join.feed(cbor.dumps(list(items)))

    def test_refuses_blocks_of_a_wrong_shape(self):
        digest = b"12345678"
        for items in (
            (1, 5, 3, b"x"), (1, 0, 3, b"x"), (1, 1, 3, b"x", digest), (1, 1, 1 << 16, b"x"), (1, 1, 3, "x"), (1, 1, 3, b""),
            (1, -1, 3, b"x"), (-1, 1, 3, b"x"), (1 << 32, 1, 3, b"x"), ("1", 1, 3, b"x"), (1, 1, True, b"x"),
            (1, 0, 2, b"x", b"short"), (1, 0, 2, b"x", "12345678"), (1, 1.5, 3, b"x"), ([1], 1, 3, b"x"), (1, 0, 0, b"x", digest),
        ):  # fmt: skip
            self.refuse(joiner(), *items)

    def test_refuses_a_wrong_digest(self):
        join = joiner()
        self.assertIsNone(join.feed(cbor.dumps([1, 0, 2, b"ab", digest8(b"other")])))
        self.refuse(join, 1, 1, 2, b"c")

    def test_refuses_a_count_that_changes(self):
        join = joiner()
        join.feed(cbor.dumps([1, 1, 3, b"x"]))
        self.refuse(join, 1, 2, 4, b"x")

    def test_holds_no_more_than_it_may(self):
        join = joiner(max_total=100)
        self.refuse(join, 1, 1, 200, b"x")
        join.feed(cbor.dumps([2, 1, 3, b"x" * 60]))
        self.refuse(join, 2, 2, 3, b"x" * 60)
        with self.assertRaises(WireError):
            join.feed(b"\xa1" * 101)

    def test_bounds_the_number_of_open_transfers_and_forgets_old_ones(self):
        clock = Clock()
        join = joiner(max_open=2, clock=clock)
        for tid in (1, 2):
            self.assertIsNone(join.feed(cbor.dumps([tid, 1, 2, b"x"])))
        self.refuse(join, 3, 1, 2, b"x")
        clock.now = 10001
        self.assertIsNone(join.feed(cbor.dumps([3, 1, 2, b"x"])))

    def test_forgets_everything_when_told(self):
        join = joiner(max_open=1)
        join.feed(cbor.dumps([1, 1, 2, b"x"]))
        join.clear()
        self.assertIsNone(join.feed(cbor.dumps([2, 1, 2, b"x"])))
