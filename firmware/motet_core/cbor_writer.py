# SPDX-License-Identifier: Apache-2.0
"""Encoding without recursion; the form is described in cbor.py."""

from motet_core.cbor_float import write_float
from motet_core.errors import WireError

MAX_DEPTH = 32
_MAX_INT = (1 << 64) - 1


class Encoded:
    """Bytes of one item that is encoded already; a writer copies them as they are."""

    def __init__(self, data):
        self.data = data


def write_head(out, major, argument):
    """Appends the shortest head of a major type (0..7) with its argument (below 2**64)."""
    major <<= 5
    if argument < 24:
        out.append(major | argument)
    elif argument < 256:
        out.append(major | 24)
        out.append(argument)
    else:
        size = 2 if argument < 65536 else 4 if argument <= 0xFFFFFFFF else 8
        out.append(major | (25 if size == 2 else 26 if size == 4 else 27))
        out.extend(argument.to_bytes(size, "big"))


def _write_int(out, value):
    if not -1 - _MAX_INT <= value <= _MAX_INT:
        raise WireError("integer beyond 64 bits")
    if value < 0:
        write_head(out, 1, -1 - value)
    else:
        write_head(out, 0, value)


def write_leaf(out, value):
    """Appends anything but a list or a dict."""
    if value is None:
        out.append(0xF6)
    elif value is True:
        out.append(0xF5)
    elif value is False:
        out.append(0xF4)
    elif isinstance(value, str):
        value = value.encode()
        write_head(out, 3, len(value))
        out.extend(value)
    elif isinstance(value, int):
        _write_int(out, value)
    elif isinstance(value, float):
        write_float(out, value)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        write_head(out, 2, len(value))
        out.extend(value)
    elif isinstance(value, Encoded):
        out.extend(value.data)
    else:
        raise WireError("cannot encode " + type(value).__name__)


def _key_bytes(key):
    kind = type(key)
    if kind is not int and kind is not str:
        raise WireError("map key must be text or integer")
    out = bytearray()
    write_leaf(out, key)
    return bytes(out)


def _order(row):
    return len(row[0]), row[0]


class Writer:
    """Encodes a tree; a subclass may replace keys and values on the way out through `entry`."""

    def __init__(self):
        self.out = bytearray()

    def entry(self, key, value, raw):
        """Key and value as they go on the wire, and whether the value's insides are left alone."""
        return key, value, raw

    def write(self, value):
        # One loop, the frequent types in it: on a microcontroller every call costs as much as the work itself.
        out = self.out
        self._waiting = []
        rows = iter(((b"", value, False),))
        while True:
            for key, item, raw in rows:
                out.extend(key)
                if type(item) is str:
                    data = item.encode()
                    write_head(out, 3, len(data))
                    out.extend(data)
                elif isinstance(item, (dict, list, tuple)):
                    # Iterators keep their place: the container is written first, then this one continues.
                    if len(self._waiting) == MAX_DEPTH:
                        raise WireError("nested deeper than %d" % MAX_DEPTH)
                    self._waiting.append(rows)
                    rows = iter(self._map(item, raw) if isinstance(item, dict) else self._array(item, raw))
                    break
                else:
                    write_leaf(out, item)
            else:
                if not self._waiting:
                    return out
                rows = self._waiting.pop()

    def _array(self, value, raw):
        write_head(self.out, 4, len(value))
        return [(b"", item, raw) for item in value]

    def _map(self, value, raw):
        """Rows of encoded key, value, raw in the order of the wire."""
        write_head(self.out, 5, len(value))
        small, others = {}, []
        for key in value:
            coded, item, inner = self.entry(key, value[key], raw)
            if type(coded) is int and 0 <= coded < 24:
                small[coded] = (bytes((coded,)), item, inner)
            else:
                others.append((_key_bytes(coded), item, inner))
        if len(others) > 1:
            others.sort(key=_order)
        # The numbers below 24 come before all other keys, and sort much faster.
        return [small[number] for number in sorted(small)] + others
