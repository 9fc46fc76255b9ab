# SPDX-License-Identifier: Apache-2.0
"""Typed calls in Python over any engine: what motet_native.wasm's Instance.typed does natively.

An engine is an object with find(name) -> function of core values or None, read(address, size), write(address, bytes) and
memory_bytes, as motet_native.wasm.Instance is with `find` wrapped (see `Native`).
"""

import struct

from motet_core.canonical_lift import Broken, Lifter
from motet_core.canonical_lower import Lowerer, Mismatch, spill
from motet_core.canonical_types import Types
from motet_core.errors import Refused

__all__ = ["Broken", "Mismatch", "Native", "Typed", "Types"]
_STANDARD = "cm32p2"


class Native:
    """An instance of motet_native.wasm as an engine."""

    def __init__(self, instance):
        self._instance = instance
        self._names = [name for name, _ in instance.exports()]
        self.read = instance.read
        self.write = instance.write

    def find(self, name):
        return self._instance.find(name) if name in self._names else None

    @property
    def memory_bytes(self):
        return self._instance.memory_bytes


class Typed:
    """Call it with one value for each parameter, or apply() it to a dict. TypeError or ValueError (Mismatch), Broken."""

    def __init__(self, engine, types, name, json=False, limit=0xFFFFFFFF):
        self._engine = engine
        self._function = types.functions[name]
        self._json = json
        self._limit = limit
        standard = name.startswith(_STANDARD)
        self._core = engine.find(name)
        self._post = engine.find(name + "_post" if standard else "cabi_post_" + name)
        self._realloc = engine.find((_STANDARD if standard else "cabi") + "_realloc")
        params = self._function.params
        if self._core is None:
            raise Refused("the module exports no function " + name)
        if (params.owns or self._function.spilled) and self._realloc is None:
            raise Refused(name + ": it needs a realloc, which is not exported")

    def __call__(self, *values):
        names = [member[0] for member in self._function.params.members]
        if len(values) != len(names):
            raise TypeError("expected %d positional arguments, got %d" % (len(names), len(values)))
        return self.apply(dict(zip(names, values)))

    def apply(self, arguments):
        try:
            slots = self._lower(arguments)
        except Mismatch as error:
            raise TypeError(str(error))
        result = self._core(*slots)
        try:
            return None if self._function.result is None else self._lift(result)
        except Mismatch as error:
            step = "" if not error.path or error.path[0] == "[" else "."
            raise ValueError("result%s%s" % (step, error) if error.path else "result: %s" % error)
        finally:
            if self._post is not None:
                self._post(*([] if result is None else [result]))

    def _lower(self, arguments):
        params = self._function.params
        if params.owns or self._function.spilled:
            self._pass(arguments, None, None)
        return [from_bits(bits, core) for bits, core in zip(*self._pass(arguments, self._allocate, self._engine.write))]

    def _pass(self, arguments, allocate, write):
        params = self._function.params
        lowerer = Lowerer(allocate, write, self._limit)
        if self._function.spilled:
            return [spill(lowerer, params, arguments, allocate, write)], "i"
        slots = []
        lowerer.flat(params, arguments, slots)
        return slots, params.core

    def _allocate(self, align, size):
        return allocate(self._engine, self._realloc, align, size)

    def _lift(self, result):
        kind = self._function.result
        lifter = Lifter(self._engine.read(0, self._engine.memory_bytes), self._json)
        if not self._function.behind:
            return lifter.flat(kind, iter([to_bits(result, kind.core)]))
        return lifter.load(kind, lifter.span(result & 0xFFFFFFFF, kind.align, kind.size), 0)


def allocate(engine, realloc, align, size):
    """Memory of the guest's own, from its realloc -> its address."""
    address = realloc(0, 0, align, size) & 0xFFFFFFFF
    if address % align:
        raise Broken("it gave an address that is not aligned")
    if address + size > engine.memory_bytes:
        raise Broken("it gave an address outside of its memory")
    return address


def from_bits(bits, core):
    """The 64 bits of a slot as the engine wants a core value."""
    if core == "f":
        return struct.unpack("<f", struct.pack("<I", bits))[0]
    if core == "F":
        return struct.unpack("<d", struct.pack("<Q", bits))[0]
    width = 64 if core == "I" else 32
    return bits - (1 << width) if bits >> (width - 1) else bits


def to_bits(value, core):
    """The opposite."""
    if core == "f":
        return struct.unpack("<I", struct.pack("<f", value))[0]
    if core == "F":
        return struct.unpack("<Q", struct.pack("<d", value))[0]
    return value & (0xFFFFFFFFFFFFFFFF if core == "I" else 0xFFFFFFFF)
