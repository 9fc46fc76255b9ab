# SPDX-License-Identifier: Apache-2.0
"""Cancels: past full queues, answered, and only for the call that they mean."""

import unittest

import motet_native
from link_world import World


class CancelTest(unittest.TestCase):
    def setUp(self):
        self.addCleanup(motet_native.cancel, False)
        motet_native.cancel(False)
        self.start()

    def start(self, **line):
        self.world = World(1, **line)
        self.world.establish()
        self.a, self.b = self.world.a.link, self.world.b.link

    def settle(self):
        self.world.run(lambda: self.world.wait() > 5000)

    def test_raises_the_flag_of_the_call_that_runs(self):
        self.b.current = 7
        self.assertTrue(self.a.cancel(7))
        self.world.run(motet_native.cancel_pending)

    def test_leaves_another_call_alone(self):
        self.b.current = 8
        self.a.cancel(7)
        self.settle()
        self.assertFalse(motet_native.cancel_pending())

    def test_leaves_an_idle_device_alone(self):
        self.a.cancel(7)
        self.settle()
        self.assertFalse(motet_native.cancel_pending())

    def test_passes_queues_that_are_full(self):
        for _ in range(2000):
            self.world.a.send(bytes(490))
            self.world.b.send(bytes(490))
            self.world.step(10)
        self.assertEqual((self.a.room(), self.b.room()), (0, 0))
        self.b.current = 0xFFFFFFFF
        self.a.cancel(0xFFFFFFFF)
        self.world.run(motet_native.cancel_pending, 50)

    def test_arrives_on_a_bad_line(self):
        for seed in range(5):
            motet_native.cancel(False)
            self.world = World(seed, drop=0.4)
            self.world.establish()
            self.world.b.link.current = 5
            self.world.a.link.cancel(5)
            self.world.run(motet_native.cancel_pending)

    def test_before_its_call_is_remembered(self):
        self.a.cancel(7)
        self.settle()
        self.b.current = 6
        self.assertFalse(motet_native.cancel_pending())
        self.b.current = 7
        self.assertTrue(motet_native.cancel_pending())
        self.b.current = 0
        self.b.current = 7
        self.assertFalse(motet_native.cancel_pending())

    def test_of_the_last_eight_calls_is_remembered(self):
        for first in (1, 7):
            for key in range(first, first + 6):
                self.assertTrue(self.a.cancel(key))
            self.settle()
        for key, expected in ((4, False), (5, True), (12, True)):
            self.b.current = key
            self.assertIs(motet_native.cancel_pending(), expected)

    def test_is_forgotten_with_the_session(self):
        self.a.cancel(7)
        self.settle()
        self.world.a.start()
        self.world.run(lambda: self.b.resets)
        self.b.current = 7
        self.assertFalse(motet_native.cancel_pending())

    def test_setting_the_call_clears_the_flag_of_the_one_before(self):
        motet_native.cancel()
        self.b.current = 3
        self.assertFalse(motet_native.cancel_pending())
        self.assertEqual(self.b.current, 3)

    def test_is_repeated_until_it_is_answered_and_given_up_after_ten_times(self):
        self.settle()
        self.a.cancel(7)
        times = []
        for now in range(self.world.now, self.world.now + 5000, 10):
            if self.a.output(now):
                times.append(now - self.world.now)
        self.assertEqual(times, list(range(0, 2000, 200)))

    def test_stops_when_it_is_answered(self):
        before = self.a.stats["frames_out"]
        self.a.cancel(7)
        self.settle()
        self.assertLessEqual(self.a.stats["frames_out"] - before, 2)

    def test_is_refused_without_a_session_without_a_key_and_beyond_eight(self):
        self.assertFalse(motet_native.frame.Link().cancel(7))
        self.assertFalse(self.a.cancel(0))
        self.assertEqual([self.a.cancel(key) for key in (1, 2, 3, 4, 5, 6, 7, 8, 8, 9)], [True] * 9 + [False])
        self.settle()
        self.assertTrue(self.a.cancel(9))

    def test_of_several_calls_all_arrive(self):
        for key in range(1, 9):
            self.a.cancel(key)
        self.b.current = 8
        self.world.run(motet_native.cancel_pending)
