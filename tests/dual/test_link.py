# SPDX-License-Identifier: Apache-2.0
"""The link on a clean line: parameters, handshake, order of messages."""

import unittest

from link_world import World
from motet_native import frame


def established(**options):
    world = World(**options)
    world.establish()
    return world


def settle(world):
    """Runs until all that is on the lines has arrived and nobody has anything to say."""
    world.run(lambda: world.wait() > 100)


class ParametersTest(unittest.TestCase):
    def test_out_of_range_are_refused(self):
        for name, values in (
            ("mtu", (15, 4097, -1, (1 << 32) + 512, 512 - (1 << 32))),
            ("window", (0, 33, -1, (1 << 32) + 4)),
            ("epoch", (0, 1 << 32, -1, 1 << 70, -(1 << 70))),
        ):
            for value in values:
                # MicroPython where ints have 32 bits: an overflow.
                with self.assertRaises((ValueError, OverflowError)):
                    frame.Link(**{name: value})

    def test_at_the_limits_work(self):
        for options in ({"mtu": 16, "window": 1}, {"mtu": 4096, "window": 32}):
            world = established(options=options)
            self.assertTrue(world.a.link.send(15, bytes(options["mtu"])))
            self.assertEqual(world.receive(world.b), (15, bytes(options["mtu"])))

    def test_of_wrong_type_are_refused(self):
        link = frame.Link()
        for call in (
            lambda: frame.Link(epoch="x"),
            lambda: link.feed(None, 0),
            lambda: link.feed(b"", "now"),
            lambda: link.output(None),
            lambda: link.send(1, 5),
            lambda: link.log(5),
            lambda: link.cancel("key"),
        ):
            with self.assertRaises(TypeError):
                call()


class HandshakeTest(unittest.TestCase):
    def test_takes_a_few_frames(self):
        world = established()
        self.assertLess(world.now, 10)
        self.assertEqual((world.a.link.resets, world.b.link.resets), (0, 0))
        settle(world)
        self.assertLess(world.a.link.stats["frames_out"], 6)

    def test_repeats_with_growing_distance_while_nobody_answers(self):
        link = frame.Link()
        times = []
        for now in range(0, 8000, 10):
            if link.output(now):
                times.append(now)
        self.assertEqual(times, [0, 200, 600, 1400, 3000, 5000, 7000])

    def test_succeeds_when_one_end_starts_late(self):
        world = World()
        for now in range(0, 5000, 50):
            world.a.link.output(now)
        world.now = 5000
        world.establish()
        self.assertLess(world.now, 5010)

    def test_takes_place_while_both_ends_talk_at_once(self):
        for latency in (1, 7, 50, 199, 200, 201, 1000):
            world = established(latency=latency)
            world.a.send()
            world.b.send()
            world.run(world.idle)
            world.check()

    def test_ignores_its_own_echo(self):
        link = frame.Link()
        for now in range(0, 20000, 50):
            link.feed(link.output(now), now)
        self.assertFalse(link.established)

    def test_succeeds_on_a_line_that_echoes(self):
        world = World()
        for _ in range(200):
            for end, hears, says in ((world.a, world.to_a, world.to_b), (world.b, world.to_b, world.to_a)):
                end.link.feed(hears.get(world.now), world.now)
                data = end.link.output(world.now)
                end.link.feed(data, world.now)
                says.put(data, world.now)
            world.now += 1
            if world.established() and not world.a.sent:
                world.a.send()
        world.b.read_all()
        self.assertEqual(world.b.received, {(1, 0): [((1, 0), 0)]})

    def test_separates_two_ends_that_drew_the_same_epoch(self):
        world = established(epochs=lambda: 1234)
        world.a.send()
        world.run(world.idle)
        world.check()

    def test_with_a_newer_version_is_reported_not_tried(self):
        body = b"\x10\x02\x01" + bytes(20)
        link = frame.Link()
        link.feed(frame.encode(body), 0)
        self.assertFalse(link.established)
        self.assertEqual(link.stats["foreign_version"], 2)

    def test_agrees_on_the_smaller_limit(self):
        world = World()
        world.b.options = {"mtu": 100, "window": 1}
        world.b.start()
        self.assertEqual(world.a.link.limit, 0)
        world.establish()
        self.assertEqual((world.a.link.limit, world.b.link.limit), (100, 100))
        with self.assertRaises(ValueError):
            world.a.link.send(1, bytes(101))
        self.assertTrue(world.a.link.send(1, bytes(100)))


class MessagesTest(unittest.TestCase):
    def test_are_refused_before_a_session(self):
        link = frame.Link()
        self.assertFalse(link.send(1, b"x"))
        self.assertEqual(link.room(), 0)
        self.assertIsNone(link.recv())

    def test_longer_than_the_own_mtu_are_an_error_even_before_a_session(self):
        with self.assertRaises(ValueError) as caught:
            frame.Link(mtu=100).send(1, bytes(101))
        self.assertIn("101 bytes is longer than the link's limit of 100", str(caught.exception))

    def test_on_channels_that_do_not_exist_are_an_error(self):
        for wrong in (-1, 16):
            with self.assertRaises(ValueError):
                frame.Link().send(wrong, b"")

    def test_keep_channel_and_content(self):
        world = established()
        sent = [(channel, bytes([channel]) * (channel * 34)) for channel in range(16)] + [(3, b""), (3, bytes(512))]
        got = []
        for message in sent:
            self.assertTrue(world.a.link.send(*message))
            settle(world)
            got.append(world.b.link.recv())
        self.assertEqual(got, sent)

    def test_wrap_the_sequence_number_many_times(self):
        world = established()
        count = 0
        while count < 1000:
            count += world.a.send()
            count += world.b.send()
            world.step()
            world.a.read_all()
            world.b.read_all()
        world.run(world.idle)
        world.check()
        self.assertEqual(world.a.link.stats["retransmits"], 0)

    def test_pass_in_both_directions_on_a_slow_line_without_being_sent_twice(self):
        world = established(latency=900)
        sent = 0
        while sent < 20:
            sent += world.a.send()
            world.step()
            world.b.read_all()
        world.run(world.idle)
        before = world.a.link.stats["retransmits"]
        sent = 0
        while sent < 20:
            sent += world.a.send()
            world.step()
            world.b.read_all()
        world.run(world.idle)
        world.check()
        self.assertEqual(world.a.link.stats["retransmits"], before)

    def test_leave_in_pieces_of_any_size(self):
        world = established()
        world.a.link.send(4, bytes(range(256)))
        while True:
            data = world.a.link.output(world.now, 1)
            if not data:
                break
            world.b.link.feed(data, world.now)
        self.assertEqual(world.b.link.recv(), (4, bytes(range(256))))

    def test_output_of_no_bytes_is_an_error(self):
        with self.assertRaises(ValueError):
            frame.Link().output(0, 0)
