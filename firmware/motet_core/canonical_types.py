# SPDX-License-Identifier: Apache-2.0
"""Type descriptors in Python: the twin of native/wasm/canonical_types.c and canonical_layout.c, which decide where they differ.

Used where the native engine is not, and as its oracle in the tests. The form of a descriptor is in docs/components.md.
"""

from motet_core.errors import Refused

VERSION = 1
MAX_DEPTH = 12
MAX_FLAT_PARAMS = 16
_FIRST = 16
_MAX_SIZE = 65535
# name, size, core type
_PRIMITIVES = (
    ("bool", 1, "i"), ("s8", 1, "i"), ("u8", 1, "i"), ("s16", 2, "i"), ("u16", 2, "i"), ("s32", 4, "i"), ("u32", 4, "i"),
    ("s64", 8, "I"), ("u64", 8, "I"), ("f32", 4, "f"), ("f64", 8, "F"), ("char", 4, "i"), ("string", 8, "ii"),
)  # fmt: skip
_KINDS = ("list", "record", "tuple", "variant", "enum", "option", "result", "flags")


class Type:
    """`members`: (name, Type or None, offset); `core`: its core types, cut off behind the seventeenth."""

    def __init__(self, kind):
        self.kind = kind
        self.members = []
        self.size = 0
        self.align = 1
        self.core = ""
        self.depth = 1
        self.disc = 0
        self.payload = 0
        self.owns = kind in ("list", "string")
        self.nullable = False


class Function:
    """`params` is laid out as a record; `result` is a Type or None."""

    def __init__(self, params, result):
        self.params = params
        self.result = result
        self.spilled = len(params.core) > MAX_FLAT_PARAMS
        self.behind = result is not None and len(result.core) > 1


def _primitive(name, size, core):
    kind = Type(name)
    kind.size, kind.core, kind.depth = size, core, 0
    kind.align = 4 if name == "string" else size
    return kind


PRIMITIVES = [_primitive(*row) for row in _PRIMITIVES]


def align_up(value, align):
    return (value + align - 1) // align * align


class Types:
    """A descriptor -> `functions` by name. Refused says what is wrong with it."""

    def __init__(self, descriptor):
        self.data = descriptor
        self.at = 1
        if not descriptor or descriptor[0] != VERSION or len(descriptor) > _MAX_SIZE:
            raise Refused("not a type descriptor of version 1")
        types, self.members, functions = self._number(), self._number(), self._number()
        self.table = []
        for _ in range(types):
            self.table.append(self._type())
        self.functions = {}
        for _ in range(functions):
            name = self._name()
            params = Type("record")
            self._read_members(params, self._number(), True, True)
            _lay_out(params)
            self.functions[name] = Function(params, self._reference(True))
        if self.at != len(descriptor) or self.members:
            raise Refused("the type descriptor holds more than it says")

    def _byte(self):
        if self.at == len(self.data):
            raise Refused("the type descriptor is cut off")
        self.at += 1
        return self.data[self.at - 1]

    def _number(self):
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if shift > 35 or value > 0xFFFFFFFF:
            raise Refused("a number in the type descriptor is too large")
        return value

    def _name(self):
        size = self._byte()
        name = bytes(self.data[self.at : self.at + size])
        if not size or len(name) != size or not all(32 < byte < 127 for byte in name):
            raise Refused("a name in the type descriptor is cut off or no name")
        self.at += size
        return name.decode()

    def _reference(self, may_be_none):
        number = self._number()
        if number == 0 and may_be_none:
            return None
        if 0 < number <= len(PRIMITIVES):
            return PRIMITIVES[number - 1]
        if _FIRST <= number < _FIRST + len(self.table):
            return self.table[number - _FIRST]
        raise Refused("the type descriptor refers to a type that does not stand before")

    def _type(self):
        number = self._byte() - _FIRST
        if not 0 <= number < len(_KINDS):
            raise Refused("a type of unknown kind")
        kind = Type(_KINDS[number])
        if kind.kind == "list":
            kind.members.append((None, self._reference(False), 0))
        elif kind.kind == "option":
            self.members -= 2
            some = self._reference(False)
            kind.members = [("none", None, 0), ("some", some, 0)]
            kind.nullable = not some.nullable
        elif kind.kind == "result":
            self._read_members(kind, 2, False, True)
            kind.members = [("ok", kind.members[0][1], 0), ("err", kind.members[1][1], 0)]
        else:
            count = self._number()
            if count == 0:
                raise Refused("a type without members, or cut off")
            self._read_members(kind, count, kind.kind != "tuple", kind.kind not in ("enum", "flags"))
        _lay_out(kind)
        if kind.depth > MAX_DEPTH:
            raise Refused("types are nested deeper than %d" % MAX_DEPTH)
        return kind

    def _read_members(self, kind, count, named, typed):
        self.members -= count
        if self.members < 0:
            raise Refused("the type descriptor has more members than it says")
        may_be_none = kind.kind in ("variant", "result")
        for _ in range(count):
            name = self._name() if named else None
            kind.members.append((name, self._reference(may_be_none) if typed else None, 0))


def _lay_out(kind):
    for _, part, _ in kind.members:
        if part is not None:
            kind.depth = max(kind.depth, part.depth + 1)
            kind.owns = kind.owns or part.owns
    if kind.kind == "list":
        kind.size, kind.align, kind.core = 8, 4, "ii"
    elif kind.kind == "flags":
        if len(kind.members) > 32:
            raise Refused("flags have more than 32 names")
        kind.disc = kind.size = kind.align = 1 if len(kind.members) <= 8 else 2 if len(kind.members) <= 16 else 4
        kind.core = "i"
    elif kind.kind in ("record", "tuple"):
        _lay_out_fields(kind)
    else:
        _lay_out_cases(kind)
    if kind.size > _MAX_SIZE:
        raise Refused("a type is larger than %d bytes" % _MAX_SIZE)


def _lay_out_fields(kind):
    for index, (name, part, _) in enumerate(kind.members):
        at = align_up(kind.size, part.align)
        kind.members[index] = (name, part, at)
        kind.size = at + part.size
        kind.align = max(kind.align, part.align)
        kind.core = (kind.core + part.core)[: MAX_FLAT_PARAMS + 1]
    kind.size = align_up(kind.size, kind.align)


def _lay_out_cases(kind):
    parts = [part for _, part, _ in kind.members if part is not None]
    kind.disc = 1 if len(kind.members) <= 256 else 2
    align = max([part.align for part in parts] or [1])
    kind.align = max(kind.disc, align)
    kind.payload = align_up(kind.disc, align)
    kind.size = align_up(kind.payload + max([part.size for part in parts] or [0]), kind.align)
    core = ""
    for part in parts:
        core = _join(core, part.core)
    kind.core = ("i" + core)[: MAX_FLAT_PARAMS + 1]


def _join(one, other):
    """Core types that hold either payload ("Flattening", join)."""
    shorter = min(len(one), len(other))
    joined = [a if a == b else "i" if a + b in ("if", "fi") else "I" for a, b in zip(one, other)]
    return "".join(joined) + one[shorter:] + other[shorter:]
