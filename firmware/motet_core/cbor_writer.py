# SPDX-License-Identifier: Apache-2.0
"""Encoding without recursion; the form is described in cbor.py."""

from motet_core.cbor_float import write_float
from motet_core.errors import WireError

MAX_DEPTH = 16
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
    """Encoded map key; short ones without a detour, because nearly all are."""
    kind = type(key)
    if kind is int and 0 <= key < 24:
        return bytes((key,))
    if kind is not int and kind is not str:
        raise WireError("map key must be text or integer")
    out = bytearray()
    write_leaf(out, key)
    return bytes(out)


class Writer:
    """Encodes a tree; a subclass may replace keys and values on the way out through `entry`."""

    def __init__(self):
        self.out = bytearray()

    def entry(self, key, value, raw):
        """Key and value as they go on the wire, and whether the value's insides are left alone."""
        return key, value, raw

    def write(self, value):
        self._open = [(iter((value,)), None, False)]
        while self._open:
            # Iterators keep their place: a container met on the way is written first, then its parent continues.
            items, values, raw = self._open[-1]
            for item in items:
                if values is None:
                    opened = self._value(item, raw)
                else:
                    self.out.extend(item[1])
                    opened = self._value(*values[item[2]])
                if opened:
                    break
            else:
                self._open.pop()
        return self.out

    def _value(self, value, raw):
        """Writes a leaf, or opens a container and says so."""
        if isinstance(value, dict):
            self._push(self._sorted(value, raw), raw)
        elif isinstance(value, (list, tuple)):
            write_head(self.out, 4, len(value))
            self._push((value, None), raw)
        else:
            write_leaf(self.out, value)
            return False
        return True

    def _push(self, items, raw):
        if len(self._open) > MAX_DEPTH:
            raise WireError("nested deeper than %d" % MAX_DEPTH)
        self._open.append((iter(items[0]), items[1], raw))

    def _sorted(self, value, raw):
        write_head(self.out, 5, len(value))
        keys, values = [], []
        for key in value:
            coded, item, inner = self.entry(key, value[key], raw)
            data = _key_bytes(coded)
            keys.append((len(data), data, len(values)))
            values.append((item, inner))
        keys.sort()
        return keys, values
