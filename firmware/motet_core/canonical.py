# SPDX-License-Identifier: Apache-2.0
"""Lowering and lifting of values by the Component Model's Canonical ABI: primitives, and a record of primitives as result.

A record of several fields comes back through a pointer to memory in the ABI's layout: each field aligned to its size.
A record of one field is flattened to that field's own value.
"""

import struct

from motet_core.errors import Refused, ToolError

# name, core type, struct code, size and alignment in bytes, least, most (None: a float)
_TYPES = (
    ("bool", "i", "B", 1, 0, 1),
    ("u8", "i", "B", 1, 0, 255),
    ("s8", "i", "b", 1, -128, 127),
    ("u16", "i", "H", 2, 0, 65535),
    ("s16", "i", "h", 2, -32768, 32767),
    ("u32", "i", "I", 4, 0, 0xFFFFFFFF),
    ("s32", "i", "i", 4, -0x80000000, 0x7FFFFFFF),
    ("u64", "I", "Q", 8, 0, 0xFFFFFFFFFFFFFFFF),
    ("s64", "I", "q", 8, -0x8000000000000000, 0x7FFFFFFFFFFFFFFF),
    ("f32", "f", "f", 4, None, None),
    ("f64", "F", "d", 8, None, None),
)


def _row(kind):
    for row in _TYPES:
        if row[0] == kind:
            return row
    raise Refused("type %r is not one of the Canonical ABI subset" % (kind,))


def signature(params, result):
    """Engine signature of a function with `params` [[name, type], ...] and a result descriptor, such as "i(iI)"."""
    core = "".join([_row(kind)[1] for _, kind in params])
    return "%s(%s)" % (_core_result(result), core)


def _core_result(result):
    if result is None:
        return "v"
    if isinstance(result, str):
        return _row(result)[1]
    fields = _fields(result)
    return _row(fields[0][1])[1] if len(fields) == 1 else "i"


def _fields(result):
    if not (isinstance(result, list) and len(result) == 2 and result[0] == "record" and result[1]):
        raise Refused("result descriptor is neither a type nor a record")
    return result[1]


def lower(params, arguments):
    """Arguments by name -> list of core values. ToolError names the parameter that does not fit its type."""
    return [_lower(arguments.get(name), name, kind) for name, kind in params]


def _lower(value, name, kind):
    _, _, _, _, low, high = _row(kind)
    if kind == "bool":
        if value is not True and value is not False:
            raise ToolError("%s: expected boolean" % name, "arguments")
        return 1 if value else 0
    if value is True or value is False or not isinstance(value, (int, float)):
        raise ToolError("%s: expected %s" % (name, kind), "arguments")
    if low is None:
        return float(value)
    whole = int(value)
    if whole != value or not low <= whole <= high:
        raise ToolError("%s: expected %s, %s to %s" % (name, kind, low, high), "arguments")
    return whole


class Lift:
    """A result descriptor, made ready for many calls."""

    def __init__(self, result):
        self.fields = [] if result is None else [["result", result]] if isinstance(result, str) else _fields(result)
        self.through_memory = len(self.fields) > 1
        self.align = max([_row(kind)[3] for _, kind in self.fields] or [1])
        self.offsets = []
        self.size = 0
        for _, kind in self.fields:
            size = _row(kind)[3]
            self.size = (self.size + size - 1) // size * size
            self.offsets.append(self.size)
            self.size += size

    def __call__(self, core, read):
        """Core result and read(offset, length) of the instance's memory -> dict, or None for a function without result.

        IndexError when the pointer leads outside of memory, ValueError when it is not aligned.
        """
        if not self.fields:
            return None
        if not self.through_memory:
            name, kind = self.fields[0]
            return {name: _scalar(core, kind)}
        core &= 0xFFFFFFFF
        if core % self.align:
            raise ValueError("result pointer is not aligned")
        return self._record(read(core, self.size))

    def _record(self, data):
        value = {}
        for (name, kind), offset in zip(self.fields, self.offsets):
            item = struct.unpack_from("<" + _row(kind)[2], data, offset)[0]
            value[name] = _finite(item != 0 if kind == "bool" else item, name)
        return value


def _scalar(core, kind):
    """A core value as the engine returns it (integers signed) -> the value of its type."""
    _, _, _, size, low, _ = _row(kind)
    if low is None:
        return _finite(core, "result")
    if kind == "bool":
        return core != 0
    bits = size * 8
    core &= (1 << bits) - 1
    return core - (1 << bits) if low < 0 and core >> (bits - 1) else core


def _finite(value, name):
    if isinstance(value, float) and (value != value or value - value != 0):
        raise ToolError("%s: not a finite number, which JSON cannot carry" % name)
    return value
