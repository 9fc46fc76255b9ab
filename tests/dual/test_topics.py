# SPDX-License-Identifier: Apache-2.0
"""Topics and their patterns: what is one, what matches what."""

import unittest

from motet_core import topics


class TopicsTest(unittest.TestCase):
    def test_a_topic_has_visible_levels_without_wildcards(self):
        for good in ("a", "alarm/fire", "a/b/c/d/e/f/g/h", "x" * 64, "$own/t~"):
            self.assertTrue(topics.valid(good), good)
        for bad in (
            "", "/", "a/", "/a", "a//b", "a b", "a/+", "#", "a/*", "a+", "x" * 65, "a\n", "\u00e9",
            "a\0", "a/" * 8 + "a", None, 3, b"a",
        ):  # fmt: skip
            self.assertFalse(topics.valid(bad), bad)

    def test_a_pattern_may_leave_one_level_or_a_rest_open(self):
        for good in ("a", "+", "#", "*", "a/+", "a/#", "a/*", "+/+/b", "+/#"):
            self.assertTrue(topics.valid_pattern(good), good)
        for bad in ("", "a/#/b", "*/a", "a+", "a/b#", "#/#", "a//+", "+/", "\u20ac/+", "x" * 65, "+/" * 8 + "+", None, 7):
            self.assertFalse(topics.valid_pattern(bad), bad)

    def test_matching_is_as_in_mqtt(self):
        for pattern, topic in (
            ("a/b", "a/b"), ("a/+", "a/b"), ("+/b", "a/b"), ("#", "a/b"), ("a/#", "a"), ("a/#", "a/b/c"), ("a/*", "a/b"),
            ("+", "a"), ("+/+", "a/b"), ("a/+/c", "a/b/c"),
        ):  # fmt: skip
            self.assertTrue(topics.matches(pattern, topic), (pattern, topic))
        for pattern, topic in (
            ("a", "b"), ("a/+", "a"), ("a/+", "a/b/c"), ("+", "a/b"), ("a/b", "a"), ("a", "a/b"), ("b/#", "a/b"), ("+/b", "a/c"),
        ):  # fmt: skip
            self.assertFalse(topics.matches(pattern, topic), (pattern, topic))

    def test_a_pattern_covers_those_that_match_no_more(self):
        for wide, narrow in (
            ("#", "+/a"),
            ("#", "#"),
            ("a/#", "a/b"),
            ("a/#", "a/+/c"),
            ("a/#", "a/#"),
            ("+/b", "a/b"),
            ("+/+", "a/+"),
        ):
            self.assertTrue(topics.covers(wide, narrow), (wide, narrow))
        for wide, narrow in (
            ("a/b", "a/+"),
            ("+", "#"),
            ("a/+", "a/#"),
            ("a", "+"),
            ("a/#", "#"),
            ("a/#", "+/b"),
            ("#", "a/#/b"),
            ("x\n", "x\n"),
        ):
            self.assertFalse(topics.covers(wide, narrow), (wide, narrow))

    def test_what_covers_matches_everything_that_the_other_matches(self):
        levels = ("a", "b", "+")
        patterns = list(levels) + ["#"] + [one + "/" + rest for one in levels for rest in ("a", "b", "+", "#")]
        known = ("a", "b", "a/a", "a/b", "b/a", "b/b", "a/a/a", "c/a")
        for wide in patterns:
            for narrow in patterns:
                if topics.covers(wide, narrow):
                    for topic in known:
                        if topics.matches(narrow, topic):
                            self.assertTrue(topics.matches(wide, topic), (wide, narrow, topic))


if __name__ == "__main__":
    unittest.main()
