# SPDX-License-Identifier: Apache-2.0
"""A component with services for tests: fixtures/served.wat as a device artifact, made by hand so that it can also be wrong."""

import fixtures_wasm as fixtures
from typed_guest import F64, LIST, OPTION, RECORD, RESULT, STRING, TUPLE, U8, U32, VARIANT, name

from motet_core import cbor
from motet_core.wire import packed

_TYPES = (
    bytes([RESULT, 0, STRING]),
    bytes([LIST, U8]),
    bytes([OPTION, U32]),
    bytes([OPTION, STRING]),
    bytes([RECORD, 5]) + b"".join(
        name(field) + bytes([kind])
        for field, kind in (("topic", STRING), ("sender", STRING), ("answers", 18), ("failure", 19), ("data", 17))
    ),
    bytes([RESULT, 17, STRING]),
    bytes([TUPLE, 2, U32, U32]),
    bytes([VARIANT, 2]) + name("more") + bytes([22]) + name("done") + bytes([U32]),
)  # fmt: skip
_MEMBERS = 2 + 2 + 2 + 5 + 2 + 2 + 2
# name, parameters, result
_FUNCTIONS = (
    ("init", (), 16), ("health", (), 16), ("bad", (), 16), ("shutdown", (), 0), ("crash", (), 0), ("spin", (), 0),
    ("handle", (("message", 20),), 21), ("tick", (), 0), ("over", (("value", F64),), 0), ("count", (), U32),
    ("behave", (("mode", U32),), 0), ("work", (("n", U32),), 0), ("work-step", (), 23), ("work-cancel", (), 0),
)  # fmt: skip
_TOOLS = (("count", 2), ("behave", 0), ("work", 2))


def descriptor():
    rows = b""
    for function, params, result in _FUNCTIONS:
        row = b"".join(name(param) + bytes([kind]) for param, kind in params)
        rows += name(function) + bytes([len(params)]) + row + bytes([result])
    members = _MEMBERS + sum([len(params) for _, params, _ in _FUNCTIONS])
    return bytes([1, len(_TYPES), members, len(_FUNCTIONS)]) + b"".join(_TYPES) + rows


def services(**changes):
    """Artifact field 9 with everything that the guest has."""
    found = {
        0: [3, 60000, 10, 0],
        1: [],
        2: {"svc.work": ["work-step", "work-cancel"]},
        3: ["init", "health", "shutdown"],
        4: "handle",
        5: [],
    }
    numbers = {"supervision": 0, "schedule": 1, "steps": 2, "lifecycle": 3, "handle": 4, "subscriptions": 5}
    for word in changes:
        found[numbers[word]] = changes[word]
    return {number: found[number] for number in found if found[number] is not None}


def artifact(called="svc", revision=1, fuel=1000, **changes):
    """The bytes of an artifact whose tools are count, behave and work, and whose services are changed."""
    params = {"behave": "mode", "work": "n"}
    entries = []
    for tool, _ in _TOOLS:
        names = [params[tool]] if tool in params else []
        schema = {"type": "object", "properties": {one: {"type": "integer"} for one in names}, "required": names}
        entries.append({"name": called + "." + tool, "description": "Test " + tool, "inputSchema": schema})
    field = services(**changes)
    if 2 in field and isinstance(field[2], dict):
        field[2] = {called + key[3:]: field[2][key] for key in field[2]}
    fields = {
        0: 3,
        1: called,
        2: revision,
        3: fixtures.SERVED,
        4: packed.pack(entries),
        5: [[called + "." + tool, tool, form] for tool, form in _TOOLS],
        6: {0: fuel, 1: 4096, 2: 1024},
        7: descriptor(),
        9: field,
    }
    return cbor.dumps(fields)
