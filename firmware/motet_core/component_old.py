# SPDX-License-Identifier: Apache-2.0
"""Calls of component artifacts of format 1, whose types are primitives and records of them, as type descriptors."""

from motet_core.errors import Refused

# In the order of their numbers in a descriptor.
_PRIMITIVES = ("bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64")
_RECORD = 17
_FIRST = 16


def describe(row):
    """[tool, export, [[parameter, type], ...], result] -> (tool, export, descriptor, form)."""
    if not (isinstance(row, list) and len(row) == 4 and isinstance(row[0], str) and isinstance(row[1], str)):
        raise Refused("component: a call is not [tool, export, parameters, result]")
    tool, export, params, result = row
    out = bytearray((1, 0, 0, 1))
    form = 0 if result is None else 2
    if result is not None and not isinstance(result, str):
        if not (isinstance(result, list) and len(result) == 2 and result[0] == "record" and result[1]):
            raise Refused("result descriptor is neither a type nor a record")
        form = out[1] = 1
        out.append(_RECORD)
        _members(out, result[1], tool)
        result = _FIRST
    elif result is not None:
        result = _number(result)
    _name(out, export)
    _members(out, params, tool)
    out.append(result or 0)
    return tool, export, bytes(out), form


def _members(out, members, tool):
    if not isinstance(members, list) or len(members) > 32:
        raise Refused("component: parameters of %s are not [[name, type], ...]" % tool)
    out[2] += len(members)
    out.append(len(members))
    for member in members:
        if not (isinstance(member, list) and len(member) == 2 and isinstance(member[0], str)):
            raise Refused("component: parameters of %s are not [[name, type], ...]" % tool)
        _name(out, member[0])
        out.append(_number(member[1]))


def _name(out, text):
    name = text.encode()
    if not 0 < len(name) < 128:
        raise Refused("component: a name has %d bytes" % len(name))
    out.append(len(name))
    out.extend(name)


def _number(kind):
    if kind not in _PRIMITIVES:
        raise Refused("type %r is not one of the Canonical ABI subset" % (kind,))
    return 1 + _PRIMITIVES.index(kind)
