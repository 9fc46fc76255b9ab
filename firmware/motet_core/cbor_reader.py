# SPDX-License-Identifier: Apache-2.0
"""Decoding without recursion; the form is described in cbor.py."""

from motet_core.cbor_float import check_double, check_single, from_half
from motet_core.errors import WireError


class Frame:
    """A container being read: `left` items are missing; in a map each is a key, then a value."""

    def __init__(self, value, left, depth, raw):
        self.value = value
        self.left = left
        self.depth = depth
        self.raw = raw
        self.is_map = self.key_next = type(value) is dict
        self.key = None
        self.key_start = 0
        self.key_size = 0


class Reader:
    """Decodes one item; a subclass may translate entries on the way in through `put` and `inner`."""

    def __init__(self, data, max_depth, in_place=False):
        self.in_place = in_place
        self.data = memoryview(data)
        self.end = len(data)
        self.max_depth = max_depth

    def fail(self, why, pos):
        raise WireError("CBOR: %s at byte %d" % (why, pos))

    def inner(self, frame):
        """Whether a container inside `frame` (None at the top) is left alone; for subclasses."""
        return False

    def put(self, frame, value, pos):
        """Stores a finished value in its container; `pos` is where it ended."""
        if frame.is_map:
            frame.value[frame.key] = value
        else:
            frame.value.append(value)

    def read(self):
        # One loop on local variables: on a microcontroller every call and attribute costs as much as the work itself.
        data, end, pos = self.data, self.end, 0
        frames, top = [], None
        while True:
            if pos >= end:
                self.fail("cut off", pos)
            start, head = pos, data[pos]
            pos += 1
            argument = head & 31
            if argument > 23 and head < 0xE0:
                argument = self._argument(argument, pos)
                pos += 1 << (head & 3)
            if head < 0x20:
                value = argument
            elif head < 0x40:
                value = -1 - argument
            elif head < 0x80:
                value = self._string(head, pos, argument)
                pos += argument
            elif head >= 0xE0:
                value = self._simple(argument, pos)
                pos += 0 if argument < 24 else 1 << (argument & 3)
            else:
                opened = self._container(head, argument, pos, frames)
                value = opened.value
                if argument:
                    if top is not None and top.key_next:
                        self.fail("map key is not text or integer", start)
                    frames.append(opened)
                    top = opened
                    continue
            if top is not None and top.key_next:
                self._key(top, value, start, pos)
                continue
            # A finished value goes into its container, and a full container into the one around it.
            while top is not None:
                self.put(top, value, pos)
                top.left -= 1
                if top.left:
                    top.key_next = top.is_map
                    break
                value = frames.pop().value
                top = frames[-1] if frames else None
            else:
                break
        if pos != end:
            self.fail("bytes after the end", pos)
        return value

    def _key(self, frame, key, start, pos):
        kind = type(key)
        if kind is not int and kind is not str:
            self.fail("map key is not text or integer", start)
        size = pos - start
        if frame.key is not None and not self._follows(frame, key, start, size):
            self.fail("map keys doubled or not sorted", start)
        frame.key, frame.key_start, frame.key_size = key, start, size
        frame.key_next = False

    def _follows(self, frame, key, start, size):
        """Whether a key comes after the last one of `frame`: longer, or equally long and with greater bytes."""
        if size != frame.key_size:
            return size > frame.key_size
        head, before = self.data[start], self.data[frame.key_start]
        if head != before:
            return head > before
        # Equal heads: UTF-8 sorts like its text, and negative numbers count downwards.
        return key < frame.key if 0x20 <= head < 0x40 else key > frame.key

    def _argument(self, info, pos):
        """The number in the bytes after a head."""
        if info > 27:
            self.fail("indefinite or reserved length", pos)
        size = 1 << (info - 24)
        value = int.from_bytes(self._take(pos, size), "big")
        if value < (24 if size == 1 else 1 << (size << 2)):
            self.fail("head longer than needed", pos)
        return value

    def _take(self, pos, size):
        if size > self.end - pos:
            self.fail("cut off", pos)
        return self.data[pos : pos + size]

    def _string(self, head, pos, size):
        if size > self.end - pos:
            self.fail("cut off", pos)
        part = self.data[pos : pos + size]
        if head < 0x60:
            return part if self.in_place else bytes(part)
        try:
            return str(part, "utf-8")
        except ValueError:
            self.fail("text is not UTF-8", pos)

    def _container(self, head, count, pos, frames):
        if head >= 0xC0:
            self.fail("tag", pos)
        is_map = head >= 0xA0
        if count > (self.end - pos) >> is_map:
            self.fail("more items than bytes", pos)
        if len(frames) >= self.max_depth:
            self.fail("nested deeper than %d" % self.max_depth, pos)
        return Frame({} if is_map else [], count, len(frames), self.inner(frames[-1] if frames else None))

    def _simple(self, info, pos):
        if 20 <= info <= 22:
            return (False, True, None)[info - 20]
        if not 25 <= info <= 27:
            self.fail("simple value %d" % info, pos)
        bits = int.from_bytes(self._take(pos, 1 << (info - 24)), "big")
        value = (from_half, check_single, check_double)[info - 25](bits)
        if value is None:
            self.fail("float not in its shortest form", pos)
        return value
