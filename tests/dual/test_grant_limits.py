# SPDX-License-Identifier: Apache-2.0
"""Limits in grants: which texts are patterns, what a pattern covers, how a rate is kept."""

import unittest

from motet_core import grant_limits
from motet_core.errors import Untrusted
from motet_core.grant_limits import Bucket, Names, check, is_name, is_pattern


class PatternTest(unittest.TestCase):
    def test_an_exact_name_comes_first_then_the_longest_beginning(self):
        names = Names([("*", 1), ("state/*", 2), ("state/a*", 3), ("state/a", 4)])
        for name, found in (("state/a", 4), ("state/ab", 3), ("state/b", 2), ("state/", 2), ("state", 1), ("x", 1), ("", 1)):
            self.assertEqual(names.find(name), found)

    def test_a_pattern_covers_nothing_beside_it(self):
        names = Names([("state/*", 1), ("temp", 2)])
        for name in ("state", "stat", "statement", "temp1", "tem", "", "Temp", "xstate/a", "*", "state*"):
            self.assertIsNone(names.find(name))
        # A star in a name is a character like others.
        self.assertEqual(names.find("state/*"), 1)
        self.assertFalse(Names([]))

    def test_names_and_patterns_are_told_from_everything_else(self):
        for text in ("a", "temp_1", "a/b", "a.b", "x" * 64):
            self.assertTrue(is_name(text) and is_pattern(text, "p") and is_pattern(text, "n"))
        for text in ("", "*a", "a*b", "a**", "a b", "..", "a/../b", "\x00", "\x7f", "ü", "x" * 65, "a+", "#"):
            self.assertFalse(is_name(text) or is_pattern(text, "p") or is_pattern(text, "n"), text)
        for text in ("*", "a*", "a/*"):
            self.assertTrue(is_pattern(text, "p") and not is_pattern(text, "n"))
        self.assertTrue(is_pattern("a/+/b", "t") and is_pattern("a/#", "t"))
        self.assertFalse(is_pattern("a/#/b", "t") or is_pattern("a//b", "t") or is_pattern("a*", "t"))


class CheckTest(unittest.TestCase):
    def test_every_capability_has_its_shape(self):
        values = {"p": "a*", "n": "a", "t": "a/+", "u": 3, "r": 10, "2": 1, "3": 2, "4": 3}
        whole = {n: [[values[kind] for kind in shape]] for n, shape in enumerate(grant_limits.SHAPES) if n}
        check(whole)
        for number in whole:
            for at in range(len(whole[number][0])):
                for wrong in (None, -1, 1 << 32, True, 1.5, b"a", [], "", "a b"):
                    entry = list(whole[number][0])
                    entry[at] = wrong
                    with self.assertRaises(Untrusted):
                        check({number: [entry]})

    def test_what_is_no_map_of_entries_is_refused(self):
        for limits in (
            None,
            [],
            {1: None},
            {1: []},
            {1: [[]]},
            {1: [[0, 0]]},
            {0: [[0]]},
            {-1: [[0]]},
            {"1": [[0]]},
            {10: [[0]]},
        ):
            with self.assertRaises(Untrusted):
                check(limits)
        with self.assertRaises(Untrusted):
            check({4: [["a", 0]] * 33})


class BucketTest(unittest.TestCase):
    def setUp(self):
        self.now = 0
        self.addCleanup(setattr, grant_limits, "clock_ms", grant_limits.clock_ms)
        grant_limits.clock_ms = lambda: self.now

    def taken(self, bucket):
        count = 0
        while bucket.take():
            count += 1
        return count

    def test_a_second_holds_as_many_calls_as_the_rate(self):
        bucket = Bucket(4)
        self.assertEqual(self.taken(bucket), 4)
        self.now = 249
        self.assertEqual(self.taken(bucket), 0)
        self.now = 250
        self.assertEqual(self.taken(bucket), 1)
        self.now = 1000000
        self.assertEqual(self.taken(bucket), 4)

    def test_a_slow_stream_of_tries_does_not_starve(self):
        bucket = Bucket(1)
        self.assertEqual(self.taken(bucket), 1)
        for self.now in range(0, 1000, 100):
            self.assertFalse(bucket.take())
        self.now = 1000
        self.assertTrue(bucket.take())

    def test_the_highest_rate_and_none_at_all(self):
        self.assertEqual(self.taken(Bucket(10000)), 10000)
        bucket = Bucket(0)
        self.assertTrue(all(bucket.take() for _ in range(20000)))
