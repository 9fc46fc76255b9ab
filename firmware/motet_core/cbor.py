# SPDX-License-Identifier: Apache-2.0
"""CBOR (RFC 8949) in one form only: the deterministic encoding with length-first map keys (section 4.2.3).

Shortest heads, shortest exact floats, definite lengths, sorted keys: equal values have equal bytes on every interpreter,
and a reader needs no table to see a doubled key. Tags, `undefined` and other simple values have no place in a message.
Neither direction recurses, so hostile nesting costs no stack.
"""

from motet_core.cbor_reader import Reader
from motet_core.cbor_writer import MAX_DEPTH, Writer


def dumps(value):
    """Value of None, bool, int (64 bit), float, str, bytes, list, dict -> bytes. WireError when it cannot be sent."""
    return bytes(Writer().write(value))


def loads(data, max_depth=MAX_DEPTH, in_place=False):
    """Exactly one item in `data` -> value. WireError says what is wrong and at which byte. `in_place`: byte strings are views
    into `data`, not copies."""
    return Reader(data, max_depth, in_place).read()
