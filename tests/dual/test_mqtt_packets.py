# SPDX-License-Identifier: Apache-2.0
"""MQTT packets, byte for byte, and what is no packet; addresses of brokers."""

import unittest
from binascii import hexlify, unhexlify

from motet_core.errors import WireError
from motet_core.mqtt import limits, packets
from motet_core.mqtt.address import Address
from motet_core.mqtt.packets import V5, V311, Splitter


def packet(data, limit=4096):
    splitter = Splitter(limit)
    splitter.feed(data)
    return splitter.next()


class WritingTest(unittest.TestCase):
    def test_connect_carries_will_and_login(self):
        # OASIS MQTT 3.1.1, 3.1: flags 0xee are user, password, will retained with QoS 1, clean session.
        data = packets.connect(V311, "dev", 30, ("w", b"\x01"), "u", "p")
        self.assertEqual(hexlify(data), b"101b00044d51545404ee001e0003646576000177000101000175000170")
        data = packets.connect(V5, "dev", 30)
        self.assertEqual(hexlify(data), b"101000044d5154540502001e000003646576")

    def test_connect_tells_brokers_of_mqtt_5_how_long_a_packet_may_be(self):
        # OASIS MQTT 5, 3.1.2.11.4: property 0x27.
        data = packets.connect(V5, "dev", 30, longest=8192)
        self.assertEqual(hexlify(data), b"101500044d5154540502001e0527000020000003646576")
        self.assertEqual(packets.connect(V311, "dev", 30, longest=8192), packets.connect(V311, "dev", 30))

    def test_a_will_may_be_of_qos_0(self):
        self.assertEqual(packets.connect(V311, "dev", 30, ("w", b"\x01"), quality=0)[9], 0x26)

    def test_publications_come_back_as_they_were_sent(self):
        for version in (V5, V311):
            for number in (None, 1, 65535):
                kind, flags, body = packet(packets.publish(version, "a/b", b"payload", number, retain=True))
                self.assertEqual((kind, flags & 1), (packets.PUBLISH, 1))
                self.assertEqual(packets.read_publish(version, flags, body), ("a/b", b"payload", number))

    def test_a_second_try_says_so(self):
        self.assertEqual(packets.publish(V5, "a", b"", 7, again=True)[0], 0x3A)

    def test_lengths_take_as_many_bytes_as_they_need(self):
        for size, head in ((0, b"3004"), (123, b"307f"), (124, b"308001"), (16379, b"30ff7f"), (16380, b"30808001")):
            self.assertEqual(hexlify(packets.publish(V311, "ab", bytes(size)))[: len(head)], head)

    def test_a_topic_that_does_not_fit_is_refused(self):
        self.assertRaises(ValueError, packets.publish, V5, "t" * 65536, b"")


def connack(properties):
    """The body of one with these properties, hexadecimal, and their length before them."""
    data = unhexlify(properties)
    return bytes((0, 0, len(data))) + data


class LimitsTest(unittest.TestCase):
    def test_what_a_broker_allows_is_read(self):
        told = limits.read(V5, connack("21000a" + "2400" + "2500" + "2700000800" + "13000f" + "1f00026e6f"))
        self.assertEqual((told.receive, told.quality, told.retain, told.packet), (10, 0, False, 2048))
        self.assertEqual((told.keepalive, told.why), (15, "no"))

    def test_what_it_tells_nothing_of_is_allowed(self):
        for told in (limits.read(V5, connack("")), limits.read(V311, b"\x00\x00"), limits.read(V5, b"\x00\x01")):
            self.assertEqual((told.receive, told.quality, told.retain, told.keepalive), (65535, 2, True, None))

    def test_other_properties_are_read_past(self):
        more = (
            "1100000000"
            + "220005"
            + "280129002a01"
            + "1200016e"
            + "2600016100016226000163000164"
            + "1a0000"
            + "1c0000"
            + "150000160000"
        )
        self.assertEqual(limits.read(V5, connack(more + "210001")).receive, 1)

    def test_what_is_no_limit_is_refused(self):
        for wrong in (
            "210000",  # no publication at all
            "2700000000",
            "2402",
            "2502",
            "210001210001",  # twice
            "0100",  # no property of CONNACK
            "7f",
            "21",  # cut off
            "2100",
            "1f000561",
            "2600016100",
            "1f0002c328",  # no UTF-8
        ):
            self.assertRaises(WireError, limits.read, V5, connack(wrong))
        self.assertRaises(WireError, limits.read, V5, b"\x00\x00\x05\x21\x00\x01")
        self.assertRaises(WireError, limits.read, V5, b"\x00\x00\xff\xff\xff\xff\x01")


class ReadingTest(unittest.TestCase):
    def test_bytes_arrive_in_any_pieces(self):
        data = packets.publish(V5, "topic", b"x" * 300, 9) + packets.pingreq() + packets.puback(9)
        for step in (1, 2, 7, len(data)):
            splitter, seen = Splitter(4096), []
            for at in range(0, len(data), step):
                splitter.feed(data[at : at + step])
                found = splitter.next()
                while found is not None:
                    seen.append(found[0])
                    found = splitter.next()
            self.assertEqual(seen, [packets.PUBLISH, packets.PINGREQ, packets.PUBACK])

    def test_properties_are_read_past(self):
        # Content type "cbor", then the payload.
        body = unhexlify("000161") + unhexlify("07" + "03000463626f72") + b"rest"
        self.assertEqual(packets.read_publish(V5, 0, body), ("a", b"rest", None))

    def test_acknowledgements_of_both_versions(self):
        self.assertEqual(packets.read_puback(V311, b"\x00\x05"), (5, 0))
        self.assertEqual(packets.read_puback(V5, b"\x00\x05\x87\x00"), (5, 0x87))
        self.assertEqual(packets.read_suback(V311, b"\x00\x05\x01\x80"), (5, b"\x01\x80"))
        self.assertEqual(packets.read_suback(V5, b"\x00\x05\x00\x01"), (5, b"\x01"))

    def test_what_is_no_packet_is_refused(self):
        for data in (b"\x30\xff\xff\xff\xff\x01", b"\x30\x81\x20"):
            with self.assertRaises(WireError):
                packet(data, limit=4096)

    def test_a_publication_cut_off_anywhere_is_refused(self):
        body = packet(packets.publish(V5, "topic", b"", 9))[2]
        for length in range(len(body)):
            with self.assertRaises(WireError):
                packets.read_publish(V5, 2, body[:length])

    def test_wildcards_qos_2_number_0_and_bad_text_are_refused(self):
        wrong = [(0, b"\x00\x01#"), (0, b"\x00\x01+"), (0, b"\x00\x00"), (0, b"\x00\x01\xff"), (4, b"\x00\x01a\x00\x01")]
        wrong.extend([(6, b"\x00\x01a\x00\x01"), (2, b"\x00\x01a\x00\x00")])
        for flags, body in wrong:
            with self.assertRaises(WireError):
                packets.read_publish(V311, flags, body)

    def test_properties_longer_than_the_packet_are_refused(self):
        for properties in (b"\x05abc", b"\xff\xff\xff\xff\x01", b""):
            with self.assertRaises(WireError):
                packets.read_publish(V5, 0, b"\x00\x01a" + properties)


class AddressTest(unittest.TestCase):
    def test_parts_of_an_address(self):
        plain, full, six = Address("mqtt://broker"), Address("mqtts://me:p%40ss:w@host:1/"), Address("mqtt://[::1]:99")
        self.assertEqual((plain.host, plain.port, plain.tls, plain.user, plain.password), ("broker", 1883, False, None, None))
        self.assertEqual((full.host, full.port, full.tls, full.user, full.password), ("host", 1, True, "me", "p@ss:w"))
        self.assertEqual((six.host, six.port, str(six)), ("::1", 99, "mqtt://[::1]:99"))

    def test_the_password_never_shows(self):
        self.assertFalse("secret" in str(Address("mqtt://me:secret@host")))
        for url in ("mqtt://me:secret@host:x", "mqtt://me:secret@host/topic", "mqtt://me:secret@"):
            with self.assertRaises(ValueError) as caught:
                Address(url)
            self.assertFalse("secret" in str(caught.exception))

    def test_other_addresses_are_refused(self):
        for url in (
            "http://host",
            "host",
            "mqtt:host",
            "mqtt://",
            "mqtt://host:0",
            "mqtt://host:70000",
            "mqtt://a/b",
            "mqtt://u%zz@h",
        ):
            self.assertRaises(ValueError, Address, url)


if __name__ == "__main__":
    unittest.main()
