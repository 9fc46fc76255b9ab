# SPDX-License-Identifier: Apache-2.0
"""Presence, hello and cancel keys: what both ends must agree on to the byte."""

import unittest

from motet_core import cbor
from motet_core.errors import WireError
from motet_core.wire import hello, presence
from motet_core.wire.cancel import cancel_key

NONCE = b"12345678"
ONLINE = {
    "state": 1, "dictionary": 1, "limit": 512, "max_total": 4096, "catalogue": b"c" * 16, "firmware": "motet 0.1.0",
    "nonce": NONCE, "sequence": 3, "board": "stm32f405", "id": "pump-1", "reset_reason": "power_on", "offers": b"o" * 16,
    "messages": 1,
}  # fmt: skip


def online(**changes):
    fields = dict(ONLINE)
    fields.update(changes)
    return fields


class PresenceTest(unittest.TestCase):
    def test_comes_back_as_it_was_sent(self):
        self.assertEqual(presence.decode(presence.encode(**ONLINE)), ONLINE)

    def test_an_offline_record_needs_only_who_and_when(self):
        fields = presence.decode(presence.encode(state=0, nonce=NONCE, sequence=0, id="pump-1"))
        self.assertEqual((fields["state"], fields["catalogue"], fields["board"]), (0, None, None))

    def test_names_the_field_that_is_wrong(self):
        for name, value in (
            ("state", 2), ("state", True), ("dictionary", 0), ("limit", 63), ("max_total", "4096"), ("catalogue", b"short"),
            ("firmware", ""), ("firmware", "x" * 65), ("nonce", b"1234567"), ("sequence", -1), ("sequence", 1 << 32),
            ("board", 5), ("id", "x" * 33), ("id", "a/b"), ("id", "a b"), ("id", "\u00e9"), ("id", ""), ("id", "a+"), ("id", "#"),
            ("messages", 2), ("messages", True), ("messages", b"1"),
        ):  # fmt: skip
            try:
                presence.encode(**online(**{name: value}))
            except WireError as error:
                self.assertIn(name, error.message)
            else:
                self.fail("accepted %s %r" % (name, value))

    def test_names_the_field_that_is_missing(self):
        for name in ONLINE:
            if name in ("reset_reason", "offers", "messages"):
                continue
            try:
                presence.encode(**online(**{name: None}))
            except WireError as error:
                self.assertIn(name + " is missing", error.message)
            else:
                self.fail("accepted without " + name)

    def test_checks_what_arrives_like_what_is_sent(self):
        numbered = cbor.loads(presence.encode(**ONLINE))
        for number in list(numbered):
            wrong = dict(numbered)
            wrong[number] = [1]
            with self.assertRaises(WireError):
                presence.decode(cbor.dumps(wrong))
        for wrong in ([], 1, {}, {11: 1}, {"state": 1}):
            with self.assertRaises(WireError):
                presence.decode(cbor.dumps(wrong))

    def test_refuses_an_unknown_name(self):
        with self.assertRaises(WireError):
            presence.encode(**online(colour="red"))

    def test_refuses_every_truncation(self):
        data = presence.encode(**ONLINE)
        for length in range(len(data)):
            with self.assertRaises(WireError):
                presence.decode(data[:length])


class HelloTest(unittest.TestCase):
    def test_comes_back_as_it_was_sent(self):
        data = hello.encode(time_ms=1700000000123, nonce=NONCE, id="pump-1")
        self.assertEqual(hello.decode(data), {"time_ms": 1700000000123, "nonce": NONCE, "id": "pump-1"})
        self.assertIsNone(hello.decode(hello.encode(time_ms=0, nonce=NONCE))["id"])

    def test_refuses_wrong_fields(self):
        for fields in ({"time_ms": -1, "nonce": NONCE}, {"time_ms": 1}, {"nonce": NONCE}, {"time_ms": 1, "nonce": "12345678"}):
            with self.assertRaises(WireError):
                hello.encode(**fields)


class CancelKeyTest(unittest.TestCase):
    def test_is_the_crc_of_reply_to_and_id(self):
        self.assertEqual(cancel_key("gw", 3), 683952201)

    def test_tells_requests_apart(self):
        keys = [cancel_key(gateway, request) for gateway in (None, "a", "b") for request in (0, 1, -1, "1", "x", 1 << 40)]
        self.assertEqual(len(set(keys)), len(keys))
        self.assertNotIn(0, keys)
