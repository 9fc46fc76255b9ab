# SPDX-License-Identifier: Apache-2.0
"""The control packets that a device needs, in MQTT 5 and 3.1.1 (OASIS standards; chapters 2 and 3 have the same numbers in both).

Properties of MQTT 5 are read past; those of CONNACK are read in limits.
"""

from motet_core.errors import WireError

V311, V5 = 4, 5
CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 13, 14
_CLEAN, _WILL, _WILL_RETAIN, _PASSWORD, _USER = 2, 4, 32, 64, 128
_QOS1 = 1
MAX_LENGTH = 268435455


def connect(version, client_id, keepalive, will=None, user=None, password=None, quality=_QOS1, longest=None):
    """`keepalive`: seconds. `will`: (topic, payload), published retained with QoS `quality` when the connection breaks.
    `longest`: packet in bytes that is taken, told to brokers of MQTT 5."""
    flags = _CLEAN
    payload = _text(client_id)
    if will is not None:
        flags |= _WILL | _WILL_RETAIN | quality << 3
        payload += _none(version) + _text(will[0]) + _binary(will[1])
    if user is not None:
        flags |= _USER
        payload += _text(user)
    if password is not None:
        flags |= _PASSWORD
        payload += _text(password)
    head = b"\x00\x04MQTT" + bytes((version, flags)) + keepalive.to_bytes(2, "big")
    told = _none(version) if longest is None or version != V5 else b"\x05\x27" + longest.to_bytes(4, "big")
    return _packet(CONNECT, 0, head + told + payload)


def publish(version, topic, payload, number=None, retain=False, again=False):
    """`number`: of the packet, 1 to 65535, which asks for an acknowledgement (QoS 1); None asks for none (QoS 0)."""
    flags = (8 if again else 0) | (0 if number is None else _QOS1 << 1) | (1 if retain else 0)
    head = _text(topic) + (b"" if number is None else number.to_bytes(2, "big"))
    return _packet(PUBLISH, flags, head + _none(version) + payload)


def puback(number):
    return _packet(PUBACK, 0, number.to_bytes(2, "big"))


def subscribe(version, number, topics):
    """Asks for each topic with QoS 1."""
    body = number.to_bytes(2, "big") + _none(version)
    for topic in topics:
        body += _text(topic) + bytes((_QOS1,))
    return _packet(SUBSCRIBE, 2, body)


def pingreq():
    return _packet(PINGREQ, 0, b"")


def disconnect():
    """Leaves in order: the broker forgets the will."""
    return _packet(DISCONNECT, 0, b"")


def read_connack(version, body):
    """-> reason, 0 when the broker takes the client."""
    return byte_at(body, 1)


def read_publish(version, flags, body):
    """-> (topic, payload, number or None). WireError for QoS 2, which nobody asked for, and for wildcards in the topic."""
    quality = flags >> 1 & 3
    if quality > _QOS1:
        raise WireError("mqtt: a publication with QoS %d" % quality)
    topic, at = take_text(body, 0)
    number = None
    if quality:
        number = _number(body, at)
        at += 2
    if version == V5:
        at = _past_properties(body, at)
    if not topic or "+" in topic or "#" in topic:
        raise WireError("mqtt: a publication without a plain topic")
    return topic, bytes(body[at:]), number


def read_puback(version, body):
    """-> (number, reason); reasons from 128 on are refusals."""
    return _number(body, 0), body[2] if version == V5 and len(body) > 2 else 0


def read_suback(version, body):
    """-> (number, one reason for each topic; from 128 on refusals)."""
    number = _number(body, 0)
    at = _past_properties(body, 2) if version == V5 else 2
    return number, bytes(body[at:])


def read_disconnect(body):
    """Why an MQTT 5 broker ends the connection -> reason."""
    return body[0] if body else 0


class Splitter:
    """Cuts a stream of bytes into packets. `limit`: longest body in bytes."""

    def __init__(self, limit):
        self._limit = limit
        self._data = bytearray()

    def feed(self, data):
        self._data.extend(data)

    def next(self):
        """-> (type, flags, body), or None until more has come. WireError: longer than the limit, or no MQTT."""
        length, at = 0, 1
        while True:
            if at >= len(self._data):
                return None
            byte = self._data[at]
            length |= (byte & 127) << 7 * (at - 1)
            at += 1
            if byte < 128:
                break
            if at > 4:
                raise WireError("mqtt: a length of more than four bytes")
        if length > self._limit:
            raise WireError("mqtt: a packet of %d bytes, at most %d are taken" % (length, self._limit))
        if len(self._data) < at + length:
            return None
        head, body = self._data[0], bytes(self._data[at : at + length])
        self._data = self._data[at + length :]
        return head >> 4, head & 15, body


def _packet(kind, flags, body):
    return bytes((kind << 4 | flags,)) + _length(len(body)) + body


def _length(value):
    if value > MAX_LENGTH:
        raise ValueError("mqtt: a packet of %d bytes" % value)
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _none(version):
    """No properties; in 3.1.1 there is no place for any."""
    return b"\x00" if version == V5 else b""


def _text(text):
    return _binary(text.encode())


def _binary(data):
    if len(data) > 65535:
        raise ValueError("mqtt: a field of %d bytes" % len(data))
    return len(data).to_bytes(2, "big") + data


def byte_at(body, at):
    """WireError beyond the end."""
    if at >= len(body):
        raise WireError("mqtt: a packet is cut off")
    return body[at]


def _number(body, at):
    value = byte_at(body, at) << 8 | byte_at(body, at + 1)
    if value == 0:
        raise WireError("mqtt: packet number 0")
    return value


def take_text(body, at):
    """-> (text, where it ends)"""
    end = at + 2 + (byte_at(body, at) << 8 | byte_at(body, at + 1))
    if end > len(body):
        raise WireError("mqtt: a packet is cut off")
    try:
        return str(body[at + 2 : end], "utf-8"), end
    except (UnicodeError, ValueError):
        raise WireError("mqtt: text that is not UTF-8")


def take_length(body, at):
    """A variable byte integer -> (value, where it ends)"""
    length, shift = 0, 0
    while True:
        byte = byte_at(body, at)
        at += 1
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return length, at
        if shift > 21:
            raise WireError("mqtt: a length of more than four bytes")


def _past_properties(body, at):
    length, at = take_length(body, at)
    if at + length > len(body):
        raise WireError("mqtt: a packet is cut off")
    return at + length
