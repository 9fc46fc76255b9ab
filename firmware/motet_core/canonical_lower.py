# SPDX-License-Identifier: Apache-2.0
"""Lowering in Python: values become the guest's bytes ("Storing") or core values ("Flat Lowering")."""

import struct

from motet_core.canonical_types import align_up

_CODES = {"u8": "<B", "s8": "<b", "u16": "<H", "s16": "<h", "u32": "<I", "s32": "<i", "u64": "<Q", "s64": "<q"}
_NAN32 = b"\x00\x00\xc0\x7f"
_NAN64 = b"\x00\x00\x00\x00\x00\x00\xf8\x7f"
_EXPECTED = {"char": "one character", "enum": "one of the enum's names", "flags": "list of flag names"}


class Mismatch(Exception):
    """A value does not fit its type; `path` grows on the way out: names, and indexes in brackets."""

    def __init__(self, problem):
        super().__init__(problem)
        self.problem = problem
        self.path = ""

    def at(self, step):
        self.path = step + ("" if not self.path or self.path[0] == "[" else ".") + self.path
        return self

    def __str__(self):
        return "%s: %s" % (self.path, self.problem) if self.path else self.problem


def expected(kind):
    return Mismatch("expected " + _EXPECTED.get(kind, kind))


def whole(value, kind):
    """The bytes of an integer."""
    if value is True or value is False or not isinstance(value, (int, float)) or value != value or value - value != 0:
        raise expected(kind)
    number = int(value)
    bits = int(kind[1:])
    low, high = (0, 1 << bits) if kind[0] == "u" else (-(1 << (bits - 1)), 1 << (bits - 1))
    if number != value or not low <= number < high:
        raise expected(kind)
    return struct.pack(_CODES[kind], number)


def real(value, kind):
    """The bytes of a float; there is one NaN only."""
    if value is True or value is False or not isinstance(value, (int, float)):
        raise expected(kind)
    if value != value:
        return _NAN32 if kind == "f32" else _NAN64
    try:
        data = struct.pack("<f" if kind == "f32" else "<d", value)
    except OverflowError:
        raise expected(kind)
    if kind == "f32" and value - value == 0 and data[2] & 0x80 and data[3] & 0x7F == 0x7F:
        raise expected(kind)
    return data


def text(value, kind="string"):
    """UTF-8 of a text without lone surrogates."""
    if not isinstance(value, str):
        raise expected(kind)
    try:
        data = value.encode()
        str(data, "utf-8")
    except ValueError:
        raise Mismatch("expected string of Unicode characters") if kind == "string" else expected(kind)
    # MicroPython takes surrogates for characters.
    if b"\xed" in data and any(data[i] == 0xED and data[i + 1] >= 0xA0 for i in range(len(data) - 1)):
        raise Mismatch("expected string of Unicode characters") if kind == "string" else expected(kind)
    return data


def scalar(kind, value):
    """The little-endian bytes of a primitive other than string."""
    if kind == "bool":
        if value is not True and value is not False:
            raise expected(kind)
        return b"\x01" if value else b"\x00"
    if kind == "char":
        text(value, kind)
        if len(value) != 1:
            raise expected(kind)
        return struct.pack("<I", ord(value))
    return real(value, kind) if kind in ("f32", "f64") else whole(value, kind)


def find_case(kind, name):
    for index, member in enumerate(kind.members):
        if member[0] == name and isinstance(name, str):
            return index
    raise expected(kind.kind)


def chosen(kind, value):
    """-> (index, whether there is a payload, payload, step of its path)."""
    if kind.kind == "enum":
        return find_case(kind, value), False, None, ""
    if kind.nullable:
        return (0, False, None, "") if value is None else (1, True, value, "")
    if not isinstance(value, dict) or "tag" not in value:
        raise expected(kind.kind)
    index = find_case(kind, value["tag"])
    if len(value) != 1 + ("val" in value):
        raise expected(kind.kind)
    typed = kind.members[index][1] is not None
    there = "val" in value and (typed or value["val"] is not None)
    if there != typed:
        raise Mismatch("is not known to this case" if there else "is required").at("val")
    return index, typed, value.get("val"), "val"


class Lowerer:
    """`allocate(align, size)` -> address; `write(address, bytes)`. None for both rehearses. `limit`: bytes there may be."""

    def __init__(self, allocate, write, limit):
        self._allocate = allocate
        self._write = write
        self._left = limit

    def fields(self, kind, values):
        """(member, value) of a record (from a dict) or a tuple (from a list)."""
        if kind.kind == "tuple":
            if not isinstance(values, (list, tuple)) or len(values) != len(kind.members):
                raise expected(kind.kind)
            return list(zip(kind.members, values))
        if not isinstance(values, dict):
            raise expected(kind.kind)
        rows = []
        for member in kind.members:
            if member[0] not in values and not member[1].nullable:
                raise Mismatch("is required").at(member[0])
            rows.append((member, values.get(member[0])))
        if len(values) > sum([member[0] in values for member in kind.members]):
            raise Mismatch("has a name that its type does not know")
        return rows

    def store(self, kind, value, out, at):
        """Puts a value into the bytearray `out`."""
        if kind.kind in ("string", "list"):
            out[at : at + 8] = struct.pack("<II", *self._owned(kind, value))
        elif kind.kind in ("record", "tuple"):
            for index, (member, part) in enumerate(self.fields(kind, value)):
                self._inside(member, index, self.store, member[1], part, out, at + member[2])
        elif kind.kind == "flags":
            out[at : at + kind.size] = self._flags(kind, value).to_bytes(kind.size, "little")
        elif kind.members:
            index, there, payload, step = chosen(kind, value)
            out[at : at + kind.disc] = index.to_bytes(kind.disc, "little")
            if there:
                self._payload(step, self.store, kind.members[index][1], payload, out, at + kind.payload)
        else:
            data = scalar(kind.kind, value)
            out[at : at + len(data)] = data

    def flat(self, kind, value, out):
        """Appends core values as their bits: what a slot of eight bytes holds."""
        if kind.kind in ("string", "list"):
            out.extend(self._owned(kind, value))
        elif kind.kind in ("record", "tuple"):
            for index, (member, part) in enumerate(self.fields(kind, value)):
                self._inside(member, index, self.flat, member[1], part, out)
        elif kind.kind == "flags":
            out.append(self._flags(kind, value))
        elif kind.members:
            index, there, payload, step = chosen(kind, value)
            end = len(out) + len(kind.core)
            out.append(index)
            if there:
                self._payload(step, self.flat, kind.members[index][1], payload, out)
            out.extend([0] * (end - len(out)))
        else:
            bits = int.from_bytes(scalar(kind.kind, value), "little")
            # A negative number fills its core value, which is wider than it may be.
            narrow = kind.kind in ("s8", "s16") and bits >> (8 * kind.size - 1)
            out.append(bits - (1 << (8 * kind.size)) & 0xFFFFFFFF if narrow else bits)

    def _inside(self, member, index, work, *args):
        try:
            work(*args)
        except Mismatch as error:
            raise error.at("[%d]" % index if member[0] is None else member[0])

    def _payload(self, step, work, *args):
        try:
            work(*args)
        except Mismatch as error:
            raise error.at(step) if step else error

    def _flags(self, kind, value):
        if not isinstance(value, (list, tuple)):
            raise expected(kind.kind)
        bits = 0
        for name in value:
            bits |= 1 << find_case(kind, name)
        return bits

    def _room(self, align, size):
        self._left -= size
        if self._left < 0:
            raise Mismatch("is longer than the component's memory")
        return self._allocate(align, size) if self._allocate else 0

    def _owned(self, kind, value):
        """-> (address, count) of a string or a list in memory of its own."""
        if kind.kind == "string":
            return self._bytes(text(value))
        element = kind.members[0][1]
        if isinstance(value, bytes) and element.kind == "u8":
            return self._bytes(value)
        if not isinstance(value, (list, tuple)):
            raise expected(kind.kind)
        address = self._room(element.align, element.size * len(value))
        out = bytearray(element.size * len(value))
        for index, item in enumerate(value):
            try:
                self.store(element, item, out, index * element.size)
            except Mismatch as error:
                raise error.at("[%d]" % index)
        if self._write and out:
            self._write(address, out)
        return address, len(value)

    def _bytes(self, data):
        address = self._room(1, len(data))
        if self._write and data:
            self._write(address, data)
        return address, len(data)


def spill(lowerer, params, values, allocate, write):
    """All parameters in memory of their own -> its address."""
    address = allocate(params.align, params.size) if allocate else 0
    out = bytearray(align_up(params.size, params.align))
    lowerer.store(params, values, out, 0)
    if write:
        write(address, out)
    return address
