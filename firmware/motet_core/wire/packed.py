# SPDX-License-Identifier: Apache-2.0
"""JSON-RPC messages as CBOR with the fixed dictionary, without loss.

A number as key says that the name, and for some names the value, is coded; a text key says that nothing is. So a value
that is an integer in the original keeps its name as text, and any JSON message survives the round trip.
"""

import binascii

from motet_core.cbor_reader import Reader
from motet_core.cbor_writer import MAX_DEPTH, Writer
from motet_core.errors import WireError
from motet_core.wire.dictionary import BASE64, CODED, EXPIRES_S, KEYS, RAW, REPLY_TO, values_of

_LIMIT_S = 0xFFFFFFFF


class Envelope:
    """Where the answer goes (text of 1 to 64 characters or None) and for how many seconds the request is wanted."""

    def __init__(self, reply_to=None, expires_s=None):
        self.reply_to = reply_to
        self.expires_s = expires_s


def dumps(message, reply_to=None, expires_s=None):
    """JSON-RPC 2.0 object -> bytes. WireError when it is none or holds what CBOR messages cannot."""
    if message.get("jsonrpc") != "2.0":
        raise WireError('message: "jsonrpc" is not "2.0"')
    return _Packer(check_envelope(reply_to, expires_s)).write_message(message)


def loads(data, binary=False):
    """Bytes -> (JSON-RPC object, Envelope). Byte strings become base64 text unless `binary`. WireError when refused."""
    reader = _Unpacker(data, binary)
    message = reader.read()
    if not isinstance(message, dict):
        raise WireError("message is not a map")
    if "jsonrpc" in message:
        raise WireError('message: "jsonrpc" is never sent')
    message["jsonrpc"] = "2.0"
    return message, check_envelope(reader.envelope.get(REPLY_TO), reader.envelope.get(EXPIRES_S))


def pack(value):
    """Any JSON value -> packed bytes, for catalogue entries."""
    return bytes(_Packer(None).write(value))


def unpack(data, binary=False):
    """The opposite of `pack`."""
    reader = _Unpacker(data, binary)
    value = reader.read()
    if reader.envelope:
        raise WireError("binding keys outside a message")
    return value


def check_envelope(reply_to, expires_s):
    """Both fields, each None when absent -> Envelope."""
    if reply_to is not None and not (isinstance(reply_to, str) and 1 <= len(reply_to) <= 64):
        raise WireError("reply_to is not a text of 1 to 64 characters")
    if expires_s is not None and (
        expires_s is True or expires_s is False or not isinstance(expires_s, int) or not 0 <= expires_s <= _LIMIT_S
    ):
        raise WireError("expires_s is not a number of seconds")
    return Envelope(reply_to, expires_s)


def to_base64(data):
    """Bytes -> canonical base64 text (RFC 4648 section 4)."""
    return binascii.b2a_base64(data)[:-1].decode()


def from_base64(text):
    """Canonical base64 text -> bytes, None for anything else."""
    if len(text) & 3:
        return None
    try:
        data = binascii.a2b_base64(text)
    except ValueError:
        return None
    return data if to_base64(data) == text else None


def _is_int(value):
    return isinstance(value, int) and value is not True and value is not False


class _Packer(Writer):
    def __init__(self, envelope):
        super().__init__()
        self._envelope = envelope

    def write_message(self, message):
        # The binding's keys ride along as a map entry of their own kind: see `entry`.
        top = {key: message[key] for key in message if key != "jsonrpc"}
        if self._envelope.reply_to is not None:
            top[REPLY_TO] = self._envelope.reply_to
        if self._envelope.expires_s is not None:
            top[EXPIRES_S] = self._envelope.expires_s
        return bytes(self.write(top))

    def entry(self, key, value, raw):
        if type(key) is not str:
            return self._binding(key, value)
        if raw:
            return key, value, raw
        try:
            number = KEYS.index(key)
        except ValueError:
            return key, value, raw
        if type(value) is str:
            return number, _code(number, key, value), False
        if number in CODED and _is_int(value):
            return key, value, raw
        return number, value, key in RAW

    def _binding(self, key, value):
        if len(self._waiting) == 1 and self._envelope and key in (REPLY_TO, EXPIRES_S):
            return key, value, True
        raise WireError("message keys must be text")


def _code(number, key, text):
    """A text under a coded name as it goes on the wire."""
    if number in CODED:
        values = values_of(number)
        return values.index(text) if text in values else text
    if key in BASE64:
        data = from_base64(text)
        return text if data is None else data
    return text


class _Unpacker(Reader):
    def __init__(self, data, binary):
        super().__init__(data, MAX_DEPTH)
        self.envelope = {}
        self._binary = binary

    def inner(self, frame):
        if frame is None or frame.raw:
            return frame is not None
        key = frame.key
        return type(key) is int and 0 <= key < len(KEYS) and KEYS[key] in RAW

    def put(self, frame, value, pos):
        given, key = value, frame.key
        if type(value) is bytes and not self._binary:
            value = to_base64(value)
        if not frame.is_map:
            frame.value.append(value)
            return
        if type(key) is not str:
            if frame.raw:
                self.fail("numbered key inside application data", pos)
            if key < 0:
                self._binding(frame, key, given, pos)
                return
            if key >= len(KEYS):
                self.fail("unknown dictionary number %d" % key, pos)
            if key in CODED:
                value = self._value(key, value, pos)
            key = KEYS[key]
        if key in frame.value:
            self.fail("name given twice", pos)
        frame.value[key] = value

    def _value(self, key, value, pos):
        if not _is_int(value):
            return value
        values = values_of(key)
        if not 0 <= value < len(values):
            self.fail("unknown value number %d of %s" % (value, KEYS[key]), pos)
        return values[value]

    def _binding(self, frame, key, value, pos):
        if key not in (REPLY_TO, EXPIRES_S) or frame.depth:
            self.fail("unknown binding key %d" % key, pos)
        self.envelope[key] = value
