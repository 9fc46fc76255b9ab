# SPDX-License-Identifier: Apache-2.0
"""Lifting in Python: the guest's bytes ("Loading") or core values ("Flat Lifting") become values."""

import struct

from motet_core.canonical_lower import Mismatch

SLACK = 64 * 1024


class Broken(Exception):
    """The guest does not keep to the ABI: its instance must not be used again."""


class Lifter:
    """`memory`: all of it, as bytes that can be sliced. `json`: numbers must be finite, list<u8> and tuples become lists."""

    def __init__(self, memory, json):
        self._memory = memory
        self._json = json
        self._left = len(memory) + SLACK

    def span(self, address, align, size):
        """The bytes of a place that the guest names."""
        if address % align:
            raise Broken("it gave an address that is not aligned")
        if address > len(self._memory) or size > len(self._memory) - address:
            raise Broken("it gave an address outside of its memory")
        return self._memory[address : address + size]

    def load(self, kind, data, at):
        """The value whose bytes begin at `data[at]`."""
        if kind.kind in ("string", "list"):
            return self._owned(kind, *struct.unpack_from("<II", data, at))
        if kind.kind in ("record", "tuple"):
            return self._fields(kind, [self._step(m, i, self.load, m[1], data, at + m[2]) for i, m in enumerate(kind.members)])
        bits = int.from_bytes(bytes(data[at : at + (kind.disc or kind.size)]), "little")
        if kind.kind == "flags":
            return self._flags(kind, bits)
        if kind.members:
            part = self._case(kind, bits)
            return self._chosen(kind, bits, self.load, part, data, at + kind.payload)
        return self._scalar(kind, bits)

    def flat(self, kind, slots):
        """The value of the next core values of the iterator `slots`, each the 64 bits of its slot."""
        if kind.kind in ("string", "list"):
            address = next(slots) & 0xFFFFFFFF
            return self._owned(kind, address, next(slots) & 0xFFFFFFFF)
        if kind.kind in ("record", "tuple"):
            return self._fields(kind, [self._step(m, i, self.flat, m[1], slots) for i, m in enumerate(kind.members)])
        if kind.kind == "flags":
            return self._flags(kind, next(slots))
        if not kind.members:
            bits = next(slots)
            return self._scalar(kind, bits & 0xFFFFFFFF if kind.kind == "bool" else bits & ((1 << (8 * kind.size)) - 1))
        mine = iter([next(slots) for _ in kind.core])
        index = next(mine) & 0xFFFFFFFF
        part = self._case(kind, index)
        return self._chosen(kind, index, self.flat, part, mine)

    def _step(self, member, index, work, *args):
        try:
            return work(*args)
        except Mismatch as error:
            raise error.at("[%d]" % index if member[0] is None else member[0])

    def _fields(self, kind, values):
        if kind.kind == "record":
            return dict(zip([member[0] for member in kind.members], values))
        return values if self._json else tuple(values)

    def _case(self, kind, index):
        if index >= len(kind.members):
            raise Broken("its result has a discriminant out of range")
        return kind.members[index][1]

    def _chosen(self, kind, index, work, *args):
        name, part, _ = kind.members[index]
        if kind.kind == "enum":
            return name
        if kind.nullable:
            return None if index == 0 else work(*args)
        return {"tag": name} if part is None else {"tag": name, "val": self._step(("val",), 0, work, *args)}

    def _flags(self, kind, bits):
        return [member[0] for index, member in enumerate(kind.members) if bits >> index & 1]

    def _owned(self, kind, address, count):
        element = kind.members[0][1] if kind.members else None
        size = count * (element.size if element else 1)
        data = self.span(address, element.align if element else 1, size)
        self._left -= size
        if self._left < 0:
            raise Broken("its result is larger than its memory")
        if element is None:
            return _text(data)
        if element.kind == "u8" and not self._json:
            return bytes(data)
        items = []
        for index in range(count):
            items.append(self._step((None,), index, self.load, element, data, index * element.size))
        return items

    def _scalar(self, kind, bits):
        name = kind.kind
        if name == "bool":
            return bits != 0
        if name == "char":
            if bits > 0x10FFFF or 0xD800 <= bits <= 0xDFFF:
                raise Broken("its result holds a number that is no character")
            return chr(bits)
        if name in ("f32", "f64"):
            code = "<f" if name == "f32" else "<d"
            value = struct.unpack(code, bits.to_bytes(kind.size, "little"))[0]
            if self._json and value - value != 0:
                raise Mismatch("not a finite number, which JSON cannot carry")
            return value
        return bits - (1 << (8 * kind.size)) if name[0] == "s" and bits >> (8 * kind.size - 1) else bits


def _text(data):
    try:
        value = str(bytes(data), "utf-8")
    except ValueError:
        raise Broken("its result holds text that is not UTF-8")
    # MicroPython takes surrogates and too long forms for characters.
    if value.encode() != bytes(data) or any(0xD800 <= ord(c) <= 0xDFFF or ord(c) > 0x10FFFF for c in value):
        raise Broken("its result holds text that is not UTF-8")
    return value
