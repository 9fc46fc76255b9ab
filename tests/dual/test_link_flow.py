# SPDX-License-Identifier: Apache-2.0
"""The link when its reader is slow, its texts, its clocks, and how a program waits for it."""

import select
import sys
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


class FlowControlTest(unittest.TestCase):
    def test_stops_the_sender_when_nobody_reads_and_goes_on_when_somebody_does(self):
        world = established()
        while world.now < 10000:
            world.a.send(bytes(490))
            world.step()
        accepted = world.a.sent[(1, 0)]
        self.assertEqual(accepted, 8)
        self.assertEqual(world.a.link.room(), 0)
        world.run(world.idle)
        self.assertEqual(len(world.b.received[(1, 0)]), accepted)
        world.check()

    def test_lets_short_messages_use_the_room_of_long_ones(self):
        world = established()
        while world.now < 10000:
            world.a.send()
            world.step()
        self.assertGreater(world.a.sent[(1, 0)], 300)
        world.run(world.idle)
        world.check()

    def test_notices_room_even_when_the_news_of_it_is_lost(self):
        world = established()
        while world.a.link.room():
            world.a.send(bytes(490))
            world.run(lambda: world.wait() > 100)
        world.b.read_all()
        while world.b.link.output(world.b.clock + world.now):
            pass  # nobody hears it
        world.run(world.idle)
        world.check()

    def test_keeps_the_other_direction_going(self):
        world = established()
        for _ in range(500):
            world.a.send(bytes(490))
            world.b.send(bytes(490))
            world.step()
            world.a.read_all()
        self.assertGreater(len(world.a.received[(1, 0)]), 100)
        self.assertEqual(world.a.sent[(1, 0)], 8)


class TextsTest(unittest.TestCase):
    def test_arrive_without_a_session(self):
        link, other = frame.Link(), frame.Link()
        self.assertTrue(link.log("starting: 1 µs"))
        other.feed(link.output(0), 0)
        self.assertEqual(other.take_logs(), ["starting: 1 µs"])
        self.assertEqual(other.take_logs(), [])

    def test_that_are_too_long_are_cut_between_characters(self):
        link, other = frame.Link(), frame.Link()
        link.log("a" + "µ" * 200)
        other.feed(link.output(0), 0)
        self.assertEqual(other.take_logs(), ["a" + "µ" * 124])

    def test_without_room_are_lost_and_counted(self):
        link, other = frame.Link(), frame.Link()
        texts = ["%d " % number * 20 for number in range(50)]
        accepted = [text for text in texts if link.log(text)]
        self.assertGreater(len(accepted), 0)
        self.assertEqual(link.stats["logs_lost"], 50 - len(accepted))
        other.feed(link.output(0), 0)
        self.assertEqual(other.take_logs(), accepted)
        for _ in range(20):
            link.log("x" * 100)
            other.feed(link.output(0), 0)
        self.assertEqual(len(other.take_logs()) + other.stats["logs_lost"], 20)

    def test_longer_than_any_are_dropped(self):
        link = frame.Link()
        for length in (251, 300, 500, 515):
            link.feed(frame.encode(b"\x60" + b"x" * length), 0)
        self.assertEqual(link.take_logs(), [])
        self.assertEqual(link.stats["dropped"], 4)
        link.feed(frame.encode(b"\x60" + b"x" * 250), 0)
        self.assertEqual(link.take_logs(), ["x" * 250])

    def test_that_are_not_utf8_do_no_harm(self):
        link = frame.Link()
        link.feed(frame.encode(b"\x60ok \xff\xfe"), 0)
        self.assertEqual(link.take_logs()[0][:3], "ok ")


class ClockTest(unittest.TestCase):
    def test_may_wrap_at_any_moment(self):
        for before in range(0, 3000, 150):
            world = World(now=(1 << 32) - before, drop=0.1, seed=before)
            world.establish()
            for _ in range(10):
                self.assertTrue(world.a.send() and world.b.send())
                world.run(world.idle)
            world.check()
            self.assertEqual((world.a.link.resets, world.b.link.resets), (0, 0))

    def test_may_be_passed_modulo_two_to_the_32(self):
        link = frame.Link()
        link.output(0xFFFFFFFF)
        self.assertEqual(link.output(100), b"")
        self.assertEqual(link.timer(100), 99)
        self.assertNotEqual(link.output(199), b"")

    def test_of_an_idle_link_asks_for_nothing(self):
        world = established()
        settle(world)
        self.assertEqual(world.a.link.timer(world.now), 10000)

    def test_tells_how_long_the_peer_was_silent_and_a_probe_ends_the_silence(self):
        world = established()
        settle(world)
        world.now += 5000
        self.assertGreater(world.a.link.quiet(world.now), 4999)
        world.a.link.probe()
        settle(world)
        self.assertLess(world.a.link.quiet(world.now), 1000)
        self.assertEqual((world.a.link.resets, world.b.link.resets), (0, 0))


class PollTest(unittest.TestCase):
    """On MicroPython a link can be polled, and so awaited by asyncio."""

    def poller(self, link):
        poller = select.poll()
        try:
            poller.register(link, select.POLLIN | select.POLLOUT)
        except TypeError:
            self.assertEqual(sys.implementation.name, "cpython")
            return lambda: None
        return lambda: ([events for _, events in poller.poll(0)] or [0])[0]

    def assertPolled(self, events, *expected):  # noqa: N802
        self.assertIn(events, (None,) + expected)

    def test_says_nothing_before_the_session(self):
        poll = self.poller(frame.Link())
        self.assertPolled(poll(), 0)

    def test_says_readable_when_a_message_came_or_the_session_changed_until_it_was_looked_for(self):
        world = established()
        poll = self.poller(world.b.link)
        self.assertPolled(poll(), select.POLLIN | select.POLLOUT)
        self.assertIsNone(world.b.link.recv())
        self.assertPolled(poll(), select.POLLOUT)
        world.a.send()
        settle(world)
        self.assertPolled(poll(), select.POLLIN | select.POLLOUT)
        world.b.read_all()
        self.assertPolled(poll(), select.POLLOUT)
        world.a.start()
        world.run(lambda: world.b.link.resets)
        self.assertPolled(poll(), select.POLLIN, select.POLLIN | select.POLLOUT)

    def test_says_writable_while_there_is_room(self):
        world = established()
        poll = self.poller(world.a.link)
        world.a.link.recv()
        while world.a.link.room():
            world.a.send(bytes(490))
        self.assertPolled(poll(), 0)
        world.run(lambda: world.a.link.room())
        self.assertPolled(poll(), select.POLLOUT)
