# SPDX-License-Identifier: Apache-2.0
"""What a broker allows its client, told in the properties of CONNACK (MQTT 5, 3.2.2.3). Brokers of 3.1.1 tell nothing."""

from motet_core.errors import WireError
from motet_core.mqtt.packets import MAX_LENGTH, V5, byte_at, take_length, take_text

RECEIVE, QUALITY, RETAIN, PACKET, KEEPALIVE, _WHY = 0x21, 0x24, 0x25, 0x27, 0x13, 0x1F
# Bytes of each property that is a number: session expiry, aliases of topics, and what kinds of subscriptions there are, too.
_NUMBERS = {RECEIVE: 2, QUALITY: 1, RETAIN: 1, PACKET: 4, KEEPALIVE: 2, 0x11: 4, 0x22: 2, 0x28: 1, 0x29: 1, 0x2A: 1}
# Reason, assigned id, response information, another server, authentication.
_TEXTS = (_WHY, 0x12, 0x1A, 0x1C, 0x15, 0x16)
_USER = 0x26
_LONGEST_WHY = 100


class Limits:
    """`packet`: longest one in bytes. `receive`: publications with QoS 1 that may wait for an acknowledgement. `quality`: highest
    QoS. `retain`: whether it keeps messages. `keepalive`: seconds, None: the client's own. `why`: its reason, a text."""

    def __init__(self, given=None):
        given = given or {}
        self.packet = given.get(PACKET, MAX_LENGTH)
        self.receive = given.get(RECEIVE, 65535)
        self.quality = given.get(QUALITY, 2)
        self.retain = given.get(RETAIN, 1) == 1
        self.keepalive = given.get(KEEPALIVE)
        self.why = given.get(_WHY, "")[:_LONGEST_WHY]


def read(version, body):
    """The body of a CONNACK -> Limits. WireError for properties that are none, or given twice, or of no such value."""
    if version != V5 or len(body) == 2:
        # Of a broker that knows 3.1.1 only.
        return Limits()
    length, at = take_length(body, 2)
    end = at + length
    if end != len(body):
        raise WireError("mqtt: a packet is cut off")
    given = {}
    while at < end:
        name, value, at = _property(body, at)
        if name in given:
            raise WireError("mqtt: property %d is given twice" % name)
        if name != _USER:
            given[name] = value
    if 0 in (given.get(RECEIVE), given.get(PACKET)) or max(given.get(QUALITY, 0), given.get(RETAIN, 0)) > 1:
        raise WireError("mqtt: CONNACK with a limit that is none")
    return Limits(given)


def _property(body, at):
    """-> (number, value, where the next one begins)"""
    name = byte_at(body, at)
    at += 1
    if name in _NUMBERS:
        end = at + _NUMBERS[name]
        byte_at(body, end - 1)
        return name, int.from_bytes(body[at:end], "big"), end
    if name not in _TEXTS and name != _USER:
        raise WireError("mqtt: property %d is none of CONNACK" % name)
    value, at = take_text(body, at)
    if name == _USER:
        value, at = take_text(body, at)
    return name, value, at
