# SPDX-License-Identifier: Apache-2.0
"""CBOR (RFC 8949) in one form only: the deterministic encoding with length-first map keys (section 4.2.3).

Shortest heads, shortest exact floats, definite lengths, sorted keys: equal values have equal bytes on every interpreter,
and a reader needs no table to see a doubled key. Tags, `undefined` and other simple values have no place in a message.
Neither direction recurses, so hostile nesting costs no stack.
"""

from motet_core.cbor_float import check_double, check_single, from_half, write_float
from motet_core.errors import WireError

MAX_DEPTH = 16
_MAX_INT = (1 << 64) - 1


class Encoded:
    """Bytes of one item that is encoded already; a writer copies them as they are."""

    def __init__(self, data):
        self.data = data


def dumps(value):
    """Value of None, bool, int (64 bit), float, str, bytes, list, dict -> bytes. WireError when it cannot be sent."""
    return bytes(Writer().write(value))


def loads(data, max_depth=MAX_DEPTH):
    """Exactly one item in `data` -> value. WireError says what is wrong and at which byte."""
    return Reader(data, max_depth).read()


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
            if coded is True or coded is False or not isinstance(coded, (int, str)):
                raise WireError("map key must be text or integer")
            data = bytearray()
            write_leaf(data, coded)
            keys.append((len(data), bytes(data), len(values)))
            values.append((item, inner))
        keys.sort()
        return keys, values


class Frame:
    """A container being read."""

    def __init__(self, value, left, depth, raw):
        self.value = value
        self.left = left
        self.depth = depth
        self.raw = raw
        self.key = None
        self.key_bytes = b""


class Reader:
    """Decodes one item; a subclass may translate entries on the way in through `put` and `inner`."""

    def __init__(self, data, max_depth=MAX_DEPTH):
        self.data = memoryview(data)
        self.pos = 0
        self.max_depth = max_depth

    def fail(self, why):
        raise WireError("CBOR: %s at byte %d" % (why, self.pos))

    def inner(self, frame):
        """Whether a container inside `frame` (None at the top) is left alone; for subclasses."""
        return False

    def put(self, frame, value):
        if isinstance(frame.value, list):
            frame.value.append(value)
        else:
            frame.value[frame.key] = value

    def read(self):
        value = self._tree()
        if self.pos != len(self.data):
            self.fail("bytes after the end")
        return value

    def _tree(self):
        frames = []
        while True:
            if frames and isinstance(frames[-1].value, dict):
                self._key(frames[-1])
            value = self._item(frames)
            if isinstance(value, Frame):
                if value.left:
                    frames.append(value)
                    continue
                value = value.value
            # A finished value goes into its container, and a full container into the one around it.
            while frames:
                top = frames[-1]
                self.put(top, value)
                top.left -= 1
                if top.left:
                    break
                value = frames.pop().value
            else:
                return value

    def _key(self, frame):
        start = self.pos
        key = self._item(())
        if key is True or key is False or not isinstance(key, (int, str)):
            self.fail("map key is not text or integer")
        data = bytes(self.data[start : self.pos])
        if (len(data), data) <= (len(frame.key_bytes), frame.key_bytes):
            self.fail("map keys doubled or not sorted")
        frame.key, frame.key_bytes = key, data

    def _item(self, frames):
        head = self._take(1)[0]
        major, info = head >> 5, head & 31
        if major == 7:
            return self._simple(info)
        argument = self._argument(info)
        if major == 0:
            return argument
        if major == 1:
            return -1 - argument
        if major == 2:
            return bytes(self._take(argument))
        if major == 3:
            return self._text(argument)
        if major == 6:
            self.fail("tag")
        return self._container(major, argument, frames)

    def _container(self, major, count, frames):
        if count > (len(self.data) - self.pos) >> (major - 4):
            self.fail("more items than bytes")
        if len(frames) >= self.max_depth:
            self.fail("nested deeper than %d" % self.max_depth)
        raw = self.inner(frames[-1] if frames else None)
        return Frame([] if major == 4 else {}, count, len(frames), raw)

    def _take(self, size):
        end = self.pos + size
        if end > len(self.data):
            self.fail("cut off")
        part = self.data[self.pos : end]
        self.pos = end
        return part

    def _argument(self, info):
        if info < 24:
            return info
        if info > 27:
            self.fail("indefinite or reserved length")
        size = 1 << (info - 24)
        value = int.from_bytes(self._take(size), "big")
        if value < (24 if size == 1 else 1 << (size << 2)):
            self.fail("head longer than needed")
        return value

    def _text(self, size):
        try:
            return str(self._take(size), "utf-8")
        except ValueError:
            self.fail("text is not UTF-8")

    def _simple(self, info):
        if 20 <= info <= 22:
            return (False, True, None)[info - 20]
        if not 25 <= info <= 27:
            self.fail("simple value %d" % info)
        bits = int.from_bytes(self._take(1 << (info - 24)), "big")
        value = (from_half, check_single, check_double)[info - 25](bits)
        if value is None:
            self.fail("float not in its shortest form")
        return value
