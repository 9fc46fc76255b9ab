# SPDX-License-Identifier: Apache-2.0
"""MQTT packets of the gateway's bus: cut anywhere, wrong in any way, more than there are numbers for."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motet.bus import BusFull, BusOffline, BusRefused
from motet.bus.stream import Stream, check, publish, subscribe, unsubscribe
from motet.bus.waiting import Receipt, Waiting
from motet_core.errors import WireError
from motet_core.mqtt import packets

PACKETS = [publish("a/b", b"x" * size, number, False) for size in (0, 1, 120, 127, 128, 20_000) for number in (None, 7)]


@settings(max_examples=100, derandomize=True, deadline=None, database=None)
@given(st.lists(st.sampled_from(PACKETS), max_size=6), st.lists(st.integers(1, 9000), max_size=30))
def test_packets_are_the_same_however_they_are_cut(sent, cuts):
    data, stream, found = b"".join(sent), Stream(), []
    for cut in [*cuts, len(data)]:
        found += stream.feed(data[:cut])
        data = data[cut:]
    found += stream.feed(data)
    expected = [packets.read_publish(packets.V311, one[0] & 15, _body(one)) for one in sent]
    assert [packets.read_publish(packets.V311, flags, body) for _, flags, body in found] == expected


def _body(packet):
    at = 1
    while packet[at] & 128:
        at += 1
    return packet[at + 1 :]


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.binary(max_size=60))
def test_nonsense_is_cut_into_packets_or_refused(data):
    stream = Stream()
    try:
        whole = sum(len(body) + 2 for _, _, body in stream.feed(data))
    except WireError:
        return
    assert whole <= len(data)


def test_a_length_that_does_not_end_is_refused():
    with pytest.raises(WireError, match="four bytes"):
        list(Stream().feed(b"\x30\xff\xff\xff\xff\x01"))


def test_what_is_subscribed_to_and_left_is_as_the_standard_has_it():
    assert subscribe(1, [("a/+", 0), ("b", 1)]) == b"\x82\x0c\x00\x01\x00\x03a/+\x00\x00\x01b\x01"
    assert unsubscribe(2, "a/+") == b"\xa2\x07\x00\x02\x00\x03a/+"
    assert subscribe(3, [("t" * 200, 1)])[:3] == b"\x82\xcd\x01"


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0b", "x" * 70_000, "\ud800"])
def test_what_is_no_topic_is_not_published_to(topic):
    with pytest.raises(ValueError):
        check(topic)


async def _waiting():
    waiting, receipt = Waiting(), Receipt()
    answered, refused, lost = (asyncio.get_running_loop().create_future() for _ in range(3))
    numbers = [waiting.add(one) for one in (receipt, answered, refused, lost, None)]
    assert numbers == [1, 2, 3, 4, 5]
    # Answers of the wrong kind, and to nothing, change nothing.
    waiting.published(2)
    waiting.consented(1, b"\x01", "it")
    waiting.unsubscribed(4)
    waiting.published(77)
    waiting.consented(77, b"\x80", "it")
    assert not receipt.is_published() and not answered.done()
    waiting.published(1)
    waiting.consented(2, b"\x01", "it")
    waiting.consented(3, b"\x01\x80", "it")
    waiting.unsubscribed(5)
    waiting.fail(BusOffline("gone"))
    assert receipt.is_published() and answered.result() is None
    with pytest.raises(BusRefused, match="it refused a subscription"):
        await refused
    with pytest.raises(BusOffline, match="gone"):
        await lost
    for _ in range(0xFFFF):
        waiting.add(Receipt())
    with pytest.raises(BusFull):
        waiting.add(Receipt())
    waiting.published(40_000)
    assert waiting.add(Receipt()) == 40_000


def test_acknowledgements_meet_what_waits_for_them():
    asyncio.run(_waiting())
