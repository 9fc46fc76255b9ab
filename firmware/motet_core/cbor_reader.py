# SPDX-License-Identifier: Apache-2.0
"""Decoding without recursion; the form is described in cbor.py."""

from motet_core.cbor_float import check_double, check_single, from_half
from motet_core.errors import WireError


class Frame:
    """A container being read; `key` and its place in the data belong to maps."""

    def __init__(self, value, left, depth, raw):
        self.value = value
        self.left = left
        self.depth = depth
        self.raw = raw
        self.key = None
        self.key_start = 0
        self.key_size = 0


class Reader:
    """Decodes one item; a subclass may translate entries on the way in through `put` and `inner`.

    Types are compared with `is` and short cases come first: on a microcontroller each call and each copy shows.
    """

    def __init__(self, data, max_depth):
        self.data = memoryview(data)
        self.end = len(data)
        self.pos = 0
        self.max_depth = max_depth

    def fail(self, why):
        raise WireError("CBOR: %s at byte %d" % (why, self.pos))

    def inner(self, frame):
        """Whether a container inside `frame` (None at the top) is left alone; for subclasses."""
        return False

    def put(self, frame, value):
        if frame.key is None:
            frame.value.append(value)
        else:
            frame.value[frame.key] = value

    def read(self):
        value = self._tree()
        if self.pos != self.end:
            self.fail("bytes after the end")
        return value

    def _tree(self):
        frames = []
        while True:
            if frames and type(frames[-1].value) is dict:
                self._key(frames[-1])
            value = self._item(frames)
            if type(value) is Frame:
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
        kind = type(key)
        if kind is not int and kind is not str:
            self.fail("map key is not text or integer")
        size = self.pos - start
        if frame.key is not None and not self._follows(frame, start, size):
            self.fail("map keys doubled or not sorted")
        frame.key, frame.key_start, frame.key_size = key, start, size

    def _follows(self, frame, start, size):
        """Whether the key at `start` comes after the last one of `frame`: longer, or equally long and greater."""
        if size != frame.key_size:
            return size > frame.key_size
        before = frame.key_start
        if size == 1:
            return self.data[start] > self.data[before]
        return bytes(self.data[start : start + size]) > bytes(self.data[before : before + size])

    def _item(self, frames):
        if self.pos >= self.end:
            self.fail("cut off")
        head = self.data[self.pos]
        self.pos += 1
        major, argument = head >> 5, head & 31
        if major == 7:
            return self._simple(argument)
        if argument >= 24:
            argument = self._argument(argument)
        if major == 0:
            return argument
        if major == 3:
            return self._text(argument)
        if major == 1:
            return -1 - argument
        if major == 2:
            return bytes(self._take(argument))
        if major == 6:
            self.fail("tag")
        return self._container(major, argument, frames)

    def _container(self, major, count, frames):
        if count > (self.end - self.pos) >> (major - 4):
            self.fail("more items than bytes")
        if len(frames) >= self.max_depth:
            self.fail("nested deeper than %d" % self.max_depth)
        raw = self.inner(frames[-1] if frames else None)
        return Frame([] if major == 4 else {}, count, len(frames), raw)

    def _take(self, size):
        start = self.pos
        self.pos = start + size
        if self.pos > self.end:
            self.pos = start
            self.fail("cut off")
        return self.data[start : self.pos]

    def _argument(self, info):
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
