# SPDX-License-Identifier: Apache-2.0
"""Broker addresses, and the outbox that outlives connections."""

import pytest

from motet.bus import BrokerUrl, BusFull
from motet.bus.outbox import Outbox


@pytest.mark.parametrize(
    "url",
    ["", "http://x", "mqtt://", "mqtt://h:0x", "mqtt://h:99999", "mqtt://u:secret@h/path", "mqtt://u:secret@h?x=1", "h:1883"],
)
def test_a_bad_address_is_refused_without_telling_its_password(url):
    with pytest.raises(ValueError) as caught:
        BrokerUrl.parse(url)
    assert "secret" not in str(caught.value)


def test_an_address_shows_no_password():
    url = BrokerUrl.parse("mqtts://us%40er:p%2Fw@broker.example")
    assert (url.user, url.password, url.port, url.tls) == ("us@er", "p/w", 8883, True)
    assert "p/w" not in f"{url} {url!r}" and str(url) == "mqtts://broker.example:8883"


class Receipt:
    done = False

    def is_published(self):
        return self.done


def test_the_outbox_is_bounded_in_messages_and_bytes():
    box = Outbox(lambda: 0.0, max_messages=3, max_bytes=10)
    for _ in range(3):
        box.add("t", b"x", False, 1)
    with pytest.raises(BusFull):
        box.add("t", b"x", False, 1)
    with pytest.raises(BusFull):
        Outbox(lambda: 0.0, max_bytes=10).add("t", b"x" * 11, False, 1)


def test_the_outbox_forgets_what_is_acknowledged_or_expired():
    now = [0.0]
    box = Outbox(lambda: now[0], max_messages=3)
    first, second, third = (box.add("t", b"x", False, ttl) for ttl in (1, 1, 5))
    first.receipt = third.receipt = Receipt()
    first.receipt.done = True
    now[0] = 2.0
    assert box.unsent() == [] and box.expired == 1
    assert second.receipt is None
