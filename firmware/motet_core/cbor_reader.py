# SPDX-License-Identifier: Apache-2.0
"""Decoding without recursion; the form is described in cbor.py."""

from motet_core.cbor_float import check_double, check_single, from_half
from motet_core.errors import WireError


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

    def __init__(self, data, max_depth):
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
