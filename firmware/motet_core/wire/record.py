# SPDX-License-Identifier: Apache-2.0
"""Small CBOR maps with numbered fields, checked against a table: hello, presence, component artifacts.

A table row is (number, name, kind, least, most, required): `least` and `most` bound the value of "uint" and the length
of "text" and "bytes". Kind "any" is not looked at. Unknown numbers are refused: a newer peer announces a newer version first.
"""

from motet_core import cbor
from motet_core.errors import WireError


def encode(what, table, fields):
    """Dict by name -> bytes, with the same checks as `decode`; None counts as absent."""
    numbered = {}
    for row in table:
        value = fields.get(row[1])
        if value is not None:
            numbered[row[0]] = value
    for name in fields:
        if not any(row[1] == name for row in table):
            raise WireError("%s: unknown field %s" % (what, name))
    _check(what, table, numbered)
    return cbor.dumps(numbered)


def decode(what, table, data, in_place=False):
    """Bytes -> dict by name, absent optional fields as None; `in_place` as in cbor.loads. WireError names the field."""
    numbered = cbor.loads(data, in_place=in_place)
    if not isinstance(numbered, dict):
        raise WireError(what + ": not a map")
    for number in numbered:
        if not any(row[0] == number for row in table):
            raise WireError("%s: unknown field %s" % (what, number))
    _check(what, table, numbered)
    return {row[1]: numbered.get(row[0]) for row in table}


def _check(what, table, numbered):
    for number, name, kind, least, most, required in table:
        if number not in numbered:
            if required:
                raise WireError("%s: %s is missing" % (what, name))
        elif not _fits(numbered[number], kind, least, most):
            unit = {"text": " characters", "bytes": " bytes"}.get(kind, "")
            raise WireError("%s: %s is not %s of %d to %d%s" % (what, name, kind, least, most, unit))


def _fits(value, kind, least, most):
    if kind == "any":
        return True
    if kind == "uint":
        return value is not True and value is not False and isinstance(value, int) and least <= value <= most
    return isinstance(value, str if kind == "text" else (bytes, memoryview)) and least <= len(value) <= most
