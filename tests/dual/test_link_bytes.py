# SPDX-License-Identifier: Apache-2.0
"""The link byte by byte against a peer written from the specification, which also lies."""

import unittest

from link_peer import ACK, CANCEL, CANCELLED, DATA, LOG, SYN, Peer
from motet_native import frame


class PeerTest(unittest.TestCase):
    def setUp(self):
        self.link = frame.Link(mtu=100, window=3, epoch=0x11223344)
        self.peer = Peer(self.link)

    def meet(self):
        self.peer.meet()
        return self.peer


class DataTest(PeerTest):
    def test_has_the_layout_of_the_specification(self):
        self.meet()
        self.assertTrue(self.link.send(5, b"payload"))
        self.assertEqual(self.peer.hear(), [b"\x25\0\0\x03payload"])

    def test_is_acknowledged_at_once_with_the_room_that_is_left(self):
        self.meet().tell(DATA, 1, b"\0\0\4hello")
        self.assertEqual(self.peer.hear(), [b"\x30\1\2"])
        self.assertEqual(self.link.recv(), (1, b"hello"))

    def test_carries_the_acknowledgement_when_some_is_ready(self):
        self.meet().tell(DATA, 1, b"\0\0\4hello")
        self.link.recv()
        self.link.send(2, b"reply")
        self.assertEqual(self.peer.hear(), [b"\x22\0\1\x03reply"])

    def test_makes_the_session_when_the_handshake_was_lost(self):
        self.peer.syn()
        self.peer.hear()
        self.peer.tell(DATA, 1, b"\0\0\4hello")
        self.assertTrue(self.link.established)
        self.assertEqual(self.link.recv(), (1, b"hello"))

    def test_longer_than_the_mtu_is_dropped(self):
        self.meet().tell(DATA, 1, b"\0\0\4" + bytes(101))
        self.assertIsNone(self.link.recv())
        self.peer.tell(DATA, 1, b"\0\0\4" + bytes(100))
        self.assertEqual(self.link.recv(), (1, bytes(100)))

    def test_that_comes_again_is_acknowledged_again_but_not_delivered(self):
        self.meet().tell(DATA, 1, b"\0\0\4once")
        self.link.recv()
        self.peer.hear()
        self.peer.tell(DATA, 1, b"\0\0\4once")
        self.assertIsNone(self.link.recv())
        self.assertEqual(self.peer.hear(), [b"\x30\1\3"])

    def test_ahead_of_a_gap_is_dropped_and_the_gap_told_once_in_each_pass(self):
        self.meet()
        for seq, expected in ((1, [b"\x31\0\3"]), (2, []), (3, []), (1, [b"\x31\0\3"]), (2, [])):
            self.peer.tell(DATA, 1, bytes([seq, 0, 4]))
            self.assertEqual(self.peer.hear(), expected)
        self.assertIsNone(self.link.recv())

    def test_without_room_is_dropped_and_acknowledged_with_a_room_of_none(self):
        self.meet()
        for seq in range(4):
            self.peer.tell(DATA, 1, bytes([seq, 0, 4]) + bytes(100))
        self.assertEqual(self.peer.hear(), [b"\x30\3\0"])
        self.link.recv()
        self.assertEqual(self.peer.hear(), [b"\x30\3\1"])

    def test_of_another_session_is_not_accepted(self):
        self.meet()
        for own, known in ((self.peer.own, 1), (1, self.peer.known), (self.peer.known, self.peer.own)):
            liar = Peer(self.link, own)
            liar.known = known
            liar.tell(DATA, 1, b"\0\0\4lie")
        self.assertIsNone(self.link.recv())
        self.assertEqual(self.link.stats["crc_errors"], 3)

    def test_too_short_or_of_unknown_kind_is_dropped(self):
        self.meet()
        before = self.link.stats["dropped"]
        short = ((DATA, b"\0\0"), (ACK, b"\0"), (ACK, b"\0\0\0"), (CANCEL, b"\0"), (CANCELLED, b""))
        for kind, fields in short + ((0, b"x"), (15, b"")):
            self.peer.tell(kind, 0, fields)
        self.assertEqual(self.link.stats["dropped"] - before, 7)
        self.assertEqual(self.peer.hear(), [])


class AcknowledgementTest(PeerTest):
    def fill(self):
        self.meet()
        for text in (b"0", b"1", b"2", b"3"):
            self.assertTrue(self.link.send(1, text))

    def heard(self):
        return [body[4:] for body in self.peer.hear()]

    def test_keeps_to_the_smaller_window_and_the_room(self):
        self.fill()
        self.assertEqual(self.heard(), [b"0", b"1", b"2"])
        self.peer.tell(ACK, 0, b"\1\2")
        self.assertEqual(self.heard(), [])
        self.peer.tell(ACK, 0, b"\1\4")
        self.assertEqual(self.heard(), [b"3"])

    def test_of_what_was_never_sent_is_ignored(self):
        self.fill()
        self.heard()
        for lie in (4, 5, 100, 255):
            self.peer.tell(ACK, 0, bytes([lie, 4]))
        self.assertEqual(self.link.stats["dropped"], 4)
        self.peer.now += 200
        self.assertEqual(self.heard(), [b"0", b"1", b"2"])

    def test_with_a_gap_makes_it_go_back_at_once(self):
        self.fill()
        self.heard()
        self.peer.tell(ACK, 1, b"\1\4")
        self.assertEqual(self.heard(), [b"1", b"2", b"3"])

    def test_without_a_gap_does_not(self):
        self.fill()
        self.heard()
        self.peer.tell(ACK, 0, b"\0\4")
        self.assertEqual(self.heard(), [])

    def test_that_never_comes_is_waited_for_longer_and_longer_and_then_the_session_is_questioned(self):
        self.meet()
        self.link.send(1, b"x")
        times, kinds = [], []
        for self.peer.now in range(0, 12000, 10):
            bodies = self.peer.hear()
            if bodies:
                times.append(self.peer.now)
                kinds.append([body[0] >> 4 for body in bodies])
        self.assertEqual(times, [0, 200, 600, 1400, 3000, 5000, 7000, 9000, 11000])
        self.assertEqual(kinds, [[DATA]] * 3 + [[SYN, DATA]] * 6)

    def test_that_takes_long_makes_it_patient(self):
        self.meet()
        self.link.send(1, b"x")
        self.peer.hear()
        self.peer.now += 190
        self.peer.tell(ACK, 0, b"\1\4")
        self.link.send(1, b"y")
        self.peer.hear()
        self.assertEqual(self.link.timer(self.peer.now), 380)

    def test_of_no_room_makes_it_probe(self):
        self.meet().tell(ACK, 0, b"\0\0")
        self.link.send(1, b"x")
        self.assertEqual(self.heard(), [])
        self.peer.now += 199
        self.assertEqual(self.heard(), [])
        self.peer.now += 1
        self.assertEqual(self.heard(), [b"x"])
        self.peer.tell(ACK, 0, b"\0\0")
        self.peer.now += 399
        self.assertEqual(self.heard(), [])
        self.peer.tell(ACK, 0, b"\0\1")
        self.peer.now += 1
        self.assertEqual(self.heard(), [b"x"])


class DamageTest(PeerTest):
    def test_is_told_at_once(self):
        self.meet()
        self.link.feed(b"\5\1\2\3\4\0", 0)
        self.assertEqual(self.peer.hear(), [b"\x31\0\3"])

    def test_again_and_again_raises_the_question_who_is_there_and_then_silence(self):
        self.meet()
        heard = []
        for _ in range(12):
            self.link.feed(b"\5\1\2\3\4\0", 0)
            heard.append([body[0] for body in self.peer.hear()])
        self.assertEqual(heard, [[0x31], [0x31], [0x10, 0x31]] + [[0x31]] * 5 + [[]] * 4)
        self.peer.tell(DATA, 1, b"\0\0\4")
        self.peer.hear()
        self.link.feed(b"\5\1\2\3\4\0", 0)
        self.assertEqual(self.peer.hear(), [b"\x31\1\2"])

    def test_is_not_told_without_a_session(self):
        self.link.output(0)
        self.link.feed(b"\5\1\2\3\4\0", 0)
        self.assertEqual(self.peer.hear(), [])


class OthersTest(PeerTest):
    def test_cancel_and_its_answer_have_the_layout_of_the_specification(self):
        self.meet()
        self.link.cancel(0x01020304)
        self.assertEqual(self.peer.hear(), [b"\x40\4\3\2\1"])
        self.peer.tell(CANCELLED, 0, b"\4\3\2\1")
        self.peer.now += 5000
        self.assertEqual(self.peer.hear(), [])
        self.peer.tell(CANCEL, 0, b"\4\3\2\1")
        self.assertEqual(self.peer.hear(), [b"\x50\4\3\2\1"])

    def test_cancel_without_a_key_and_answers_to_nothing_are_dropped(self):
        self.meet().tell(CANCEL, 0, bytes(4))
        self.peer.tell(CANCELLED, 0, b"\1\0\0\0")
        self.peer.tell(CANCELLED, 0, bytes(4))
        self.assertEqual(self.link.stats["dropped"], 3)

    def test_text_has_the_layout_of_the_specification_and_comes_last(self):
        self.meet()
        self.link.log("text")
        self.link.send(1, b"x")
        self.link.cancel(1)
        self.link.probe()
        self.assertEqual([body[0] >> 4 for body in self.peer.hear()], [SYN, CANCEL, DATA, LOG])
