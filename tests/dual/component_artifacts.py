# SPDX-License-Identifier: Apache-2.0
"""Device artifacts of components for tests, made by hand so that they can also be wrong."""

import fixtures_wasm as fixtures

from motet_core import cbor
from motet_core.wire import packed

RECORD = ["record", [["flag", "bool"], ["small", "s8"], ["wide", "u64"], ["short", "u16"], ["real", "f32"]]]
PAIR = ["record", [["a", "u32"], ["b", "u32"]]]

# name, export, parameters, result
CALLS = (
    ("kit.next", "next", (), "u32"),
    ("kit.add", "add", (("a", "s32"), ("b", "s32")), "s32"),
    ("kit.addu", "add", (("a", "u8"), ("b", "u8")), "u8"),
    ("kit.adds", "add", (("a", "s8"), ("b", "s8")), "s8"),
    ("kit.add64", "add64", (("a", "u64"), ("b", "u64")), "u64"),
    ("kit.half", "half", (("value", "f64"),), "f64"),
    ("kit.reciprocal", "reciprocal", (("value", "f32"),), "f32"),
    ("kit.not", "not", (("value", "bool"),), "bool"),
    ("kit.nothing", "nothing", (), None),
    ("kit.record", "record", (("short", "u32"),), RECORD),
    ("kit.one", "next", (), ["record", [["only", "u16"]]]),
    ("kit.pointer", "pointer", (("at", "u32"),), PAIR),
    ("kit.spin", "spin", (), None),
    ("kit.crash", "crash", (), "u32"),
)


def call_row(row):
    return [row[0], row[1], [list(param) for param in row[2]], row[3]]


def entry(row):
    kinds = {"bool": "boolean", "f32": "number", "f64": "number"}
    properties = {name: {"type": kinds.get(kind, "integer")} for name, kind in row[2]}
    schema = {"type": "object", "properties": properties, "required": sorted(properties), "additionalProperties": False}
    return {"name": row[0], "description": "Test " + row[1], "inputSchema": schema}


def fields(calls=CALLS, module=fixtures.COMPONENT, name="kit", revision=1, fuel=1000):
    """The numbered fields, to be changed by a test before they are encoded."""
    return {
        0: 1,
        1: name,
        2: revision,
        3: module,
        4: packed.pack([entry(row) for row in calls]),
        5: [call_row(row) for row in calls],
        6: {0: fuel, 1: 4096, 2: 1024},
    }


def artifact(**options):
    return cbor.dumps(fields(**options))
