# SPDX-License-Identifier: Apache-2.0
"""The link on lines that damage what they carry: every message once and in order, and nothing else."""

import unittest

from link_world import Random, World
from motet_native import frame


def converse(world, messages, longest=90):
    """Both ends send so many messages of random length; returns when all have arrived."""
    left = {world.a: messages, world.b: messages}
    while left[world.a] or left[world.b]:
        for end in (world.a, world.b):
            if left[end] and end.send(bytes(world.random.below(longest))):
                left[end] -= 1
            end.read_all()
        world.step()
    world.run(world.idle)


class NoiseTest(unittest.TestCase):
    def assertDelivered(self, messages=300, longest=90, seeds=(1, 2, 3), **line):  # noqa: N802
        for seed in seeds:
            with self.subTest(seed=seed):
                world = World(seed, **line)
                converse(world, messages, longest)
                world.check()
                self.assertEqual((world.a.link.resets, world.b.link.resets), (0, 0))
                self.assertEqual(world.a.sent, {(1, 0): messages})

    def test_bit_errors_of_one_in_ten_thousand_lose_nothing(self):
        self.assertDelivered(bit_error=1e-4, longest=480)

    def test_bit_errors_of_one_in_a_thousand_lose_nothing(self):
        self.assertDelivered(bit_error=1e-3)

    def test_lost_frames_lose_nothing(self):
        self.assertDelivered(drop=0.1)

    def test_lost_bytes_lose_nothing(self):
        self.assertDelivered(drop=0.003, pieces=1, messages=100)

    def test_repeated_frames_are_delivered_once(self):
        self.assertDelivered(repeat=0.2)

    def test_reordered_frames_are_delivered_in_order(self):
        self.assertDelivered(reorder=0.2)

    def test_truncated_frames_lose_nothing(self):
        self.assertDelivered(cut=0.1)

    def test_bursts_of_noise_lose_nothing(self):
        self.assertDelivered(burst=0.02, pieces=100)

    def test_stalls_lose_nothing(self):
        self.assertDelivered(stall=0.02)

    def test_everything_at_once_loses_nothing(self):
        self.assertDelivered(
            bit_error=1e-4, drop=0.02, repeat=0.02, reorder=0.02, cut=0.02, burst=0.01, stall=0.01, pieces=200, latency=5
        )

    def test_a_thousand_calls_at_one_bit_error_in_ten_thousand_are_all_answered_rightly(self):
        world = World(7, bit_error=1e-4, latency=2)
        world.establish()
        for call in range(1000):
            request = b"%d " % call + world.random.bytes(55)
            self.assertTrue(world.a.link.send(1, request))
            self.assertEqual(world.receive(world.b), (1, request))
            self.assertTrue(world.b.link.send(2, request + b"!"))
            self.assertEqual(world.receive(world.a), (2, request + b"!"))
        self.assertEqual((world.a.link.resets, world.b.link.resets), (0, 0))


class GarbageTest(unittest.TestCase):
    def test_before_the_first_frame_does_not_delay_the_session(self):
        world = World()
        world.to_a.put(b"\r\n*** boot: 12 KB free\r\nready", 0)
        world.to_b.put(b"AT+RST\r\n", 0)
        world.establish()
        self.assertLess(world.now, 10)

    def test_of_any_kind_leaves_the_session_alone(self):
        world = World(5)
        world.establish()
        for _ in range(300):
            junk = world.random.bytes(world.random.below(700))
            for end in (world.a, world.b):
                end.link.feed(junk + b"\0", end.clock + world.now)
            world.a.send()
            world.step()
            world.b.read_all()
        world.run(world.idle)
        world.check()
        self.assertEqual((world.a.link.resets, world.b.link.resets), (0, 0))
        self.assertGreater(world.a.link.stats["crc_errors"], 100)

    def test_with_valid_checksums_and_wrong_contents_leaves_the_session_alone(self):
        random = Random(9)
        world = World(9)
        world.establish()
        for kind in range(16):
            for length in range(30):
                body = bytes([kind << 4 | random.below(16)]) + random.bytes(length)
                world.b.link.feed(frame.encode(body), world.b.clock + world.now)
        world.a.send()
        world.run(world.idle)
        world.check()
        self.assertEqual((world.a.link.resets, world.b.link.resets), (0, 0))

    def test_longer_than_any_frame_is_counted(self):
        link = frame.Link()
        link.feed(b"x" * 5000, 0)
        link.feed(b"\0", 0)
        self.assertEqual(link.stats["overruns"], 1)

    def test_frames_of_an_own_earlier_self_played_back_are_not_accepted(self):
        world = World()
        world.establish()
        recorded = []
        put = world.to_b.put
        world.to_b.put = lambda data, now: (recorded.append(data), put(data, now))
        for _ in range(20):
            world.a.send()
            world.step()
            world.b.read_all()
        world.b.start()
        world.establish()
        world.b.link.feed(b"".join(recorded), world.b.clock + world.now)
        self.assertFalse(world.b.read())
        world.run(world.idle)
        world.check()
