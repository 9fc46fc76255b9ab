# SPDX-License-Identifier: Apache-2.0
"""The handshake byte by byte against a peer written from the specification, which also lies."""

import unittest

from link_peer import PROVEN, WANT, Peer, u32
from motet_native import frame


class PeerTest(unittest.TestCase):
    def setUp(self):
        self.link = frame.Link(mtu=100, window=3, epoch=0x11223344)
        self.peer = Peer(self.link)

    def meet(self):
        self.peer.meet()
        return self.peer


class SynTest(PeerTest):
    def test_has_the_layout_of_the_specification(self):
        self.assertEqual(self.peer.hear(), [b"\x10\x01\x01\x44\x33\x22\x11\0\0\0\0\x64\0\x03"])

    def test_starts_with_a_delimiter(self):
        self.assertEqual(self.link.output(0)[0], 0)

    def test_of_a_stranger_changes_the_own_epoch_and_is_answered(self):
        self.peer.syn()
        body = self.peer.hear()[0]
        self.assertNotEqual(body[3:7], b"\x44\x33\x22\x11")
        self.assertEqual((body[:3], body[7:11]), (b"\x10\x01\x01", b"\xbb\xbb\xbb\xbb"))

    def test_whose_epoch_maps_the_own_to_itself_changes_it_all_the_same(self):
        # The mixed epoch is the CRC-32 of time and stranger, seeded with the own epoch, plus one: this stranger is computed
        # backwards from a result that is the own epoch again.
        own, ones = 0x11223344, 0xFFFFFFFF
        register = ~(own - 1) & ones
        for _ in range(32):
            register = ((register ^ 0xEDB88320) << 1 | 1 if register >> 31 else register << 1) & ones
        stranger = register ^ ~frame.crc32(u32(self.peer.now), own) & ones
        self.assertEqual(frame.crc32(u32(self.peer.now) + u32(stranger), own) + 1, own)
        self.peer.syn(own=stranger)
        self.assertNotEqual(self.peer.hear()[0][3:7], u32(own))

    def test_that_knows_the_own_epoch_makes_the_session_and_is_answered_without_a_question(self):
        self.peer.syn()
        self.peer.hear()
        self.peer.syn()
        self.assertTrue(self.link.established)
        self.assertEqual(self.peer.hear()[0][2], 0)

    def test_without_a_question_is_not_answered_by_an_established_end(self):
        self.meet().syn(flags=0)
        self.assertEqual(self.peer.hear(), [])

    def test_is_repeated_soon_when_a_peer_appears_after_a_long_time_alone(self):
        for self.peer.now in range(0, 20000, 100):
            self.peer.hear()
        self.peer.syn()
        for _ in range(2):
            self.peer.hear()
            self.assertEqual(self.link.timer(self.peer.now), 200)
            self.peer.now += 200

    def test_that_contradicts_itself_is_dropped(self):
        for wrong in ({"mtu": 15}, {"window": 0}, {"own": 0}, {"version": 0}, {"version": 2}):
            before = self.link.stats["dropped"]
            self.peer.syn(**wrong)
            self.assertEqual(self.link.stats["dropped"], before + 1)
        self.assertEqual(self.peer.hear()[0][7:11], b"\0\0\0\0")

    def test_of_a_predecessor_with_the_same_epoch_makes_the_epoch_change(self):
        # A device without entropy: same epoch, same clock, same peer as in its former life, which the peer remembers.
        self.meet()
        former = self.peer.known
        again = frame.Link(mtu=100, window=3, epoch=0x11223344)
        self.peer.link = again
        self.peer.syn(known=0x11223344)
        self.peer.hear()
        self.assertEqual(self.peer.known, former)
        self.peer.syn(flags=WANT | PROVEN)
        self.assertFalse(again.established)
        self.peer.hear()
        self.assertNotEqual(self.peer.known, former)
        self.peer.syn()
        self.assertTrue(again.established)

    def test_of_an_unknown_epoch_is_challenged_before_the_session_ends(self):
        self.meet()
        own = self.peer.known
        self.peer.own = 0xCCCCCCCC
        self.peer.syn(known=0)
        self.assertEqual(self.peer.hear()[0][2:11], b"\x01" + u32(own) + b"\xcc\xcc\xcc\xcc")
        self.assertEqual(self.link.resets, 0)
        self.peer.syn()
        self.assertEqual((self.link.resets, self.link.established), (1, False))
        self.peer.hear()
        self.peer.syn()
        self.assertTrue(self.link.established)

    def test_with_the_own_epoch_of_an_established_end_is_questioned_at_the_third_time(self):
        self.meet()
        for _ in range(2):
            self.peer.syn(own=self.peer.known, known=0)
            self.assertEqual(self.peer.hear(), [])
        self.peer.syn(own=self.peer.known, known=0)
        self.assertEqual(self.peer.hear()[0][:3], b"\x10\x01\x01")

    def test_epochs_on_the_wire_never_repeat_between_sessions(self):
        seen = set()
        for life in range(50):
            self.peer.own = 1000 + life
            self.peer.known = 0
            for _ in range(4):
                self.peer.syn()
                self.peer.hear()
            self.assertTrue(self.link.established)
            self.assertNotIn(self.peer.known, seen)
            seen.add(self.peer.known)
        self.assertEqual(self.link.resets, 49)
