# SPDX-License-Identifier: Apache-2.0
"""JSON-RPC messages as numbers: lossless, small, and never guessed."""

import json
import unittest

from motet_core import cbor
from motet_core.errors import WireError
from motet_core.wire import dictionary, packed
from motet_core.wire.catalogue import catalogue_hash, hash_packed
from motet_core.wire.dictionary import KEYS, PREFIX, VALUES

CALL = {
    "jsonrpc": "2.0",
    "id": 17,
    "method": "tools/call",
    "params": {
        "name": "read_sensor",
        "arguments": {"channel": 3, "samples": 16, "window": [1, 2, 3], "unit": "kelvin"},
        "_meta": {PREFIX + "protocolVersion": "2026-07-28"},
    },
}

FROZEN = b"\x8f\xb86b\xf0\xcf[4"


def message(**members):
    members["jsonrpc"] = "2.0"
    return members


class RoundTripTest(unittest.TestCase):
    def check(self, original):
        back, envelope = packed.loads(packed.dumps(original))
        self.assertEqual(back, original)
        self.assertIsNone(envelope.reply_to)

    def test_a_call_and_its_answers_come_back_equal(self):
        self.check(CALL)
        content = [{"type": "text", "text": "22.5"}, {"type": "image", "data": "QUJD", "mimeType": "image/png"}]
        self.check(message(id="a", result={"content": content, "isError": False, "structuredContent": {"type": "object"}}))
        self.check(message(id=1, error={"code": -32602, "message": "no", "data": {"supported": ["2026-07-28"]}}))
        self.check(message(method="notifications/cancelled", params={"requestId": 17, "reason": ""}))

    def test_a_coded_name_with_an_integer_value_comes_back_as_integer(self):
        for name, _ in VALUES:
            for value in (0, 3, -1, 999, True, False, None, 1.5, "unknown", [], {"type": 0}):
                self.check(message(params={name: value, "x": {name: value}}))

    def test_every_coded_value_comes_back(self):
        for name, values in VALUES:
            for value in values:
                self.check(message(params={name: value}))

    def test_every_name_of_the_dictionary_comes_back_at_every_depth(self):
        params = {name: {name: "v"} for name in KEYS}
        self.check(message(method="x", params=params))

    def test_only_canonical_base64_becomes_bytes(self):
        for text in ("", "QUJD", "QQ==", "QR==", "QQ=", "QUJ", "QUJD\n", " QUJD", "====", "\u00e9\u00e9\u00e9\u00e9", "A-_A"):
            self.check(message(params={"data": text, "blob": text, "text": text}))
        self.assertIn(b"\x43ABC", packed.dumps(message(params={"data": "QUJD"})))

    def test_numbers_of_64_bits_and_floats_come_back(self):
        self.check(message(params={"a": [(1 << 64) - 1, -(1 << 63), 1.5, 0.25, 1e30]}))

    def test_application_data_is_left_alone(self):
        inside = {"method": "tools/call", "type": "object", "data": "QUJD", "nested": [{"id": 1, "name": "x"}]}
        self.check(message(params={"arguments": inside}))
        data = packed.dumps(message(params={"arguments": inside}))
        self.assertIn(b"dtypefobject", data)
        self.assertIn(b"QUJD", data)

    def test_the_device_reads_bytes_and_the_client_base64(self):
        data = packed.dumps(message(method="artifact.block", params={"data": b"ABC", "arguments": {"raw": b"ABC"}}))
        self.assertEqual(packed.loads(data, binary=True)[0]["params"], {"data": b"ABC", "arguments": {"raw": b"ABC"}})
        self.assertEqual(packed.loads(data)[0]["params"], {"data": "QUJD", "arguments": {"raw": "QUJD"}})


class EnvelopeTest(unittest.TestCase):
    def test_carries_reply_to_and_expiry_outside_of_the_message(self):
        back, envelope = packed.loads(packed.dumps(CALL, "gw1-3f9a", 30))
        self.assertEqual(back, CALL)
        self.assertEqual((envelope.reply_to, envelope.expires_s), ("gw1-3f9a", 30))

    def test_refuses_wrong_envelopes_both_ways(self):
        for reply_to, expires_s in (
            ("", None),
            ("x" * 65, None),
            (5, None),
            (None, -1),
            (None, 1.5),
            (None, True),
            (None, 1 << 32),
        ):
            with self.assertRaises(WireError):
                packed.dumps(CALL, reply_to, expires_s)
        for wrong in ({-1: 5}, {-1: ""}, {-2: "soon"}, {-2: -1}, {-3: 1}, {2: {-1: "gw"}}):
            with self.assertRaises(WireError):
                packed.loads(cbor.dumps(wrong))

    def test_bytes_are_no_gateway_not_even_those_that_would_read_as_text(self):
        damaged = b"\xa2\x20\x44gw-1\x03\x21\x03"
        for data in (b"\xa1\x20\x44gw-1", damaged):
            for binary in (True, False):
                with self.assertRaises(WireError):
                    packed.loads(data, binary=binary)

    def test_a_call_takes_at_most_thirty_per_cent_of_its_json(self):
        call = json.loads(json.dumps(CALL))
        arguments = {"channel": 3, "samples": 16, "window": [1, 2], "unit": "kelvin"}
        arguments["pad"] = "x" * (60 - len(json.dumps(arguments).replace(" ", "")) - len(',"pad":""'))
        call["params"]["arguments"] = arguments
        size = len(packed.dumps(call, "gateway-3f9a2c", 30))
        meta = call["params"]["_meta"]
        meta[PREFIX + "clientInfo"] = {"name": "gw", "version": "0.1"}
        meta[PREFIX + "clientCapabilities"] = {}
        self.assertLessEqual(size, 0.30 * len(json.dumps(call).replace(" ", "")))


class RefusalTest(unittest.TestCase):
    def test_an_unknown_number_is_an_error_and_never_a_guess(self):
        for wrong in ({len(KEYS): 1}, {5000: 1}, {1: 999}, {1: -1}, {2: {9: 99}}, {2: {5000: 1}}):
            with self.assertRaises(WireError):
                packed.loads(cbor.dumps(wrong))

    def test_a_number_inside_application_data_is_an_error(self):
        with self.assertRaises(WireError):
            packed.loads(cbor.dumps({2: {KEYS.index("arguments"): {0: 1}}}))

    def test_a_name_that_comes_twice_as_number_and_as_text_is_an_error(self):
        with self.assertRaises(WireError):
            packed.loads(cbor.dumps({0: 1, "id": 2}))

    def test_only_maps_without_jsonrpc_are_messages(self):
        for wrong in (1, "x", [], None, {"jsonrpc": "2.0"}):
            with self.assertRaises(WireError):
                packed.loads(cbor.dumps(wrong))

    def test_only_json_rpc_is_packed(self):
        for wrong in ({}, {"jsonrpc": "1.0"}, message(params={1: 2}), message(params={"arguments": {1: 2}})):
            with self.assertRaises(WireError):
                packed.dumps(wrong)

    def test_mutated_messages_are_refused_with_a_wire_error_or_read(self):
        whole = bytearray(packed.dumps(CALL, "gw", 3))
        for index in range(len(whole)):
            for flip in (1, 2, 0x20, 0x80, 0xFF):
                whole[index] ^= flip
                try:
                    packed.loads(whole)
                except WireError:
                    pass
                whole[index] ^= flip


class DictionaryTest(unittest.TestCase):
    def test_is_frozen(self):
        """Change nothing here: append to the tables and raise the version, then extend this test."""
        import hashlib

        table = json.dumps([list(KEYS), [[name, list(values)] for name, values in VALUES]]).replace(" ", "")
        self.assertEqual((dictionary.VERSION, len(KEYS)), (1, 164))
        self.assertEqual(hashlib.sha256(table.encode()).digest()[:8], FROZEN)

    def test_the_numbers_of_coded_names_belong_to_them(self):
        self.assertEqual(dictionary.CODED, tuple([KEYS.index(name) for name, _ in VALUES]))

    def test_has_no_name_twice(self):
        self.assertEqual(len(set(KEYS)), len(KEYS))
        for name, values in VALUES:
            self.assertIn(name, KEYS)
            self.assertEqual(len(set(values)), len(values))

    def test_the_shortest_numbers_go_to_calls_and_schemas(self):
        for name in ("id", "method", "params", "result", "arguments", "structuredContent", "inputSchema", "properties"):
            self.assertLess(KEYS.index(name), 24)


class CatalogueTest(unittest.TestCase):
    TOOLS = [{"name": "a", "inputSchema": {"type": "object"}}, {"name": "b", "description": "B"}]

    def test_the_hash_of_packed_entries_is_that_of_the_list(self):
        self.assertEqual(hash_packed([packed.pack(tool) for tool in self.TOOLS]), catalogue_hash(self.TOOLS))
        self.assertEqual(len(catalogue_hash([])), 16)

    def test_order_and_content_change_the_hash(self):
        self.assertNotEqual(catalogue_hash(self.TOOLS), catalogue_hash(self.TOOLS[::-1]))
        self.assertNotEqual(catalogue_hash(self.TOOLS), catalogue_hash(self.TOOLS[:1]))

    def test_survives_the_wire(self):
        back = packed.unpack(packed.pack(self.TOOLS))
        self.assertEqual(catalogue_hash(back), catalogue_hash(self.TOOLS))
