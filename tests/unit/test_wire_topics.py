# SPDX-License-Identifier: Apache-2.0
"""Topics never hold an id that would change their meaning."""

import pytest

from motet.wire import Presence, Topics, WireError, new_gateway_id, valid_id
from motet.wire.presence import new_hello
from motet_core.wire import hello

BAD_IDS = ["", "a/b", "+", "#", "a b", "x" * 33, "ä", "a\x00", "$SYS", "a.b"]


@pytest.mark.parametrize("bad", BAD_IDS)
def test_an_id_that_could_change_a_topic_is_refused_by_every_topic(bad):
    topics = Topics("home")
    for make in (topics.requests, topics.notifications, topics.presence, topics.all_replies, Topics):
        with pytest.raises(ValueError, match="1 to 32 characters"):
            make(bad)
    for pair in ((bad, "dev"), ("gw", bad)):
        with pytest.raises(ValueError, match="1 to 32 characters"):
            topics.replies(*pair)


def test_topics_are_those_of_the_contract():
    topics = Topics("home")
    assert topics.requests("a") == "mcp/1/home/d/a/q"
    assert topics.notifications("a") == "mcp/1/home/d/a/n"
    assert topics.presence("a") == "mcp/1/home/d/a/s"
    assert topics.replies("gw", "a") == "mcp/1/home/g/gw/r/a"


@pytest.mark.parametrize("topic", ["mcp/1/home/d/a/s", "mcp/1/home/d/a/n", "mcp/1/home/g/gw/r/a"])
def test_the_device_is_read_from_its_topics(topic):
    assert Topics("home").device_of(topic) == "a"


@pytest.mark.parametrize(
    "topic", ["", "mcp/1/other/d/a/s", "mcp/1/home/d//s", "mcp/1/home/d/a/b/s", "mcp/1/home/d/a", "mcp/1/home/g/gw/r/", "x/r/a"]
)
def test_a_topic_without_a_valid_device_gives_none(topic):
    assert Topics("home").device_of(topic) is None


def test_each_start_of_a_gateway_has_another_id():
    ids = {new_gateway_id("gw") for _ in range(20)}
    assert len(ids) == 20 and all(valid_id(name) for name in ids)
    with pytest.raises(ValueError):
        new_gateway_id("x" * 24)


def test_presence_survives_the_round_trip_and_its_will_names_the_same_boot():
    record = Presence("a", 1, b"12345678", 3, 1, 512, 8192, b"h" * 16, "motet 1", "stm32f405", "power-on")
    assert Presence.decode(record.encode()) == record
    gone = Presence.decode(record.gone().encode())
    assert (gone.online, gone.nonce, gone.id) == (False, b"12345678", "a")


@pytest.mark.parametrize("field", ["nonce", "limit", "catalogue", "id"])
def test_a_presence_record_with_a_wrong_field_is_refused_by_its_name(field):
    record = Presence("a", 1, b"12345678", 3, 1, 512, 8192, b"h" * 16, "motet 1", "stm32f405")
    wrong = Presence(**{name: getattr(record, name) for name in record.__slots__} | {field: "/" if field == "id" else b"short"})
    with pytest.raises(WireError, match=field):
        wrong.encode()


def test_a_hello_tells_the_time_and_a_nonce_that_is_never_the_same():
    first, second = hello.decode(new_hello()), hello.decode(new_hello("dev"))
    assert first["nonce"] != second["nonce"] and first["id"] is None and second["id"] == "dev"
    assert second["time_ms"] >= first["time_ms"] > 1_700_000_000_000
