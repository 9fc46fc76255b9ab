# SPDX-License-Identifier: Apache-2.0
"""A typed guest for tests: descriptors made by hand, so that they can also be wrong."""

import unittest

import fixtures_wasm as fixtures
from motet_native import wasm

BOOL, S8, U8, S16, U16, S32, U32, S64, U64, F32, F64, CHAR, STRING = range(1, 14)
LIST, RECORD, TUPLE, VARIANT, ENUM, OPTION, RESULT, FLAGS = range(16, 24)


def name(text):
    return bytes([len(text)]) + text.encode()


def describe(function, params, result, types=(), members=0):
    """The descriptor of one function over `types`, rows of bytes with so many members."""
    row = name(function) + bytes([len(params)]) + b"".join([name(text) + bytes([kind]) for text, kind in params])
    return bytes([1, len(types), members + len(params), 1]) + b"".join(types) + row + bytes([result])


READING = bytes([RECORD, 2]) + name("name") + bytes([STRING]) + name("at") + bytes([U16])
SHADE = bytes([VARIANT, 3]) + name("off") + b"\0" + name("dim") + bytes([F32]) + name("code") + bytes([S64])
MOOD = bytes([ENUM, 3]) + name("calm") + name("busy") + name("lost")
SWITCHES = bytes([FLAGS, 3]) + name("a") + name("b") + name("c")


class Case(unittest.TestCase):
    def setUp(self):
        self.instance = wasm.Instance(fixtures.TYPED, memory=4096, stack=1024)
        self.types = wasm.Types(describe("host#ask", [("text", STRING)], STRING))
        self.instance.link_typed("host", "ask", self.types, lambda text: text + "!")
        self.instance.fuel = 1000

    def typed(self, function, params, result, types=(), members=0, json=False):
        return self.instance.typed(function, wasm.Types(describe(function, params, result, types, members)), json=json)

    def told(self, size=16):
        return self.instance.read(64, size)

    def give(self, data, result, types=(), members=0, json=False):
        """What a guest gives whose result is `data`."""
        self.instance.write(64, data)
        return self.typed("give", (), result, types, members, json)()
