# SPDX-License-Identifier: Apache-2.0
"""Components that send each other messages for tests: fixtures/peer.wat as a device artifact, on a device of their own."""

import fixtures_wasm as fixtures
from typed_guest import ENUM, LIST, OPTION, RECORD, RESULT, STRING, U8, U32, name

from motet_core import cbor
from motet_core.device import Device
from motet_core.errors import ToolError
from motet_core.grant import Grant
from motet_core.grant_limits import MESSAGING, REQUEST
from motet_core.port import pair
from motet_core.wire import packed

ERRORS = ("denied", "limited", "expired", "invalid", "not-found", "unavailable", "full", "busy", "timeout")
MESSAGING_PATH = "motet:device/messaging"
# Where the guest's memory has names and something to say; where results may go.
A, B, NOBODY, TEXT, RESULT_AT = (600, 1), (608, 1), (616, 6), (640, 43), 128
ECHO, REFUSE, TRAP, SPIN = 0, 1, 2, 3
CALL_BACK = 15

_FIELDS = (("topic", STRING), ("sender", STRING), ("answers", 17), ("failure", 18), ("data", 16))
_TYPES = (
    bytes([LIST, U8]),
    bytes([OPTION, U32]),
    bytes([OPTION, STRING]),
    bytes([RECORD, 5]) + b"".join([name(field) + bytes([kind]) for field, kind in _FIELDS]),
    bytes([RESULT, 16, STRING]),
    bytes([ENUM, len(ERRORS)]) + b"".join([name(error) for error in ERRORS]),
    bytes([RESULT, 16, 21]),
)
_RAW = [(param, U32) for param in ("to", "to-length", "data", "data-length", "result")]
_FUNCTIONS = (
    (MESSAGING_PATH + "@0.1.0#call", [("to", STRING), ("data", 16)], 22),
    ("handle", [("message", 19)], 20),
    ("raw", _RAW, U32),
    ("count", [], U32),
    ("behave", [("mode", U32)], 0),
)
_TOOLS = (("raw", 2, [param for param, _ in _RAW]), ("count", 2, []), ("behave", 0, ["mode"]))


def descriptor():
    rows = b""
    for function, params, result in _FUNCTIONS:
        row = b"".join([name(param) + bytes([kind]) for param, kind in params])
        rows += name(function) + bytes([len(params)]) + row + bytes([result])
    members = 2 + 2 + 5 + 2 + len(ERRORS) + 2 + sum([len(params) for _, params, _ in _FUNCTIONS])
    return bytes([1, len(_TYPES), members, len(_FUNCTIONS)]) + b"".join(_TYPES) + rows


def artifact(called, revision=1, fuel=1000, memory=4096):
    entries = []
    for tool, _, params in _TOOLS:
        schema = {"type": "object", "properties": {one: {"type": "integer"} for one in params}, "required": params}
        entries.append({"name": called + "." + tool, "description": "Test " + tool, "inputSchema": schema})
    fields = {
        0: 3,
        1: called,
        2: revision,
        3: fixtures.PEER,
        4: packed.pack(entries),
        5: [[called + "." + tool, tool, form] for tool, form, _ in _TOOLS],
        6: {0: fuel, 1: memory, 2: 1024},
        7: descriptor(),
        9: {4: "handle"},
    }
    return cbor.dumps(fields)


def grant(called, names=("*",), rate=0, **more):
    """What a gateway would have signed: messages to these components."""
    fields = {1: called, 2: 1, 3: bytes(32), 6: {MESSAGING: [[REQUEST, one, rate] for one in names]}, 7: 1}
    if "until" in more:
        fields[5] = more["until"]
    return Grant(cbor.dumps(fields))


class World:
    """A device with the components a and b. `direct`: whether messages may go from guest to guest."""

    def __init__(self, direct=True, **options):
        self.device = Device(pair(512)[1], id="dut")
        self.components = self.device.artifacts._host("component")
        self.direct = direct
        self.slow = 0
        messages = self.device.services.messages
        self.messages, self._call = messages, messages.call
        messages.call = self._counted
        if not direct:
            messages.route = lambda *arguments: None
        for called in ("a", "b"):
            self.load(called, **options)

    def load(self, called, revision=1, given=None, **options):
        self.components.load(called, revision, artifact(called, revision, **options), given or grant(called))

    def get(self, called):
        return self.components.get(called)

    def behave(self, called, mode):
        self.components.call(called + ".behave", {"mode": mode})

    def raw(self, to=B, data=TEXT, result=RESULT_AT, of="a"):
        """What came of a message: the answer, the word of an error, or how the sender's call ended."""
        fields = {"to": to[0], "to-length": to[1], "data": data[0], "data-length": data[1], "result": result}
        try:
            found = self.components.call(of + ".raw", fields)[0]["result"]
        except ToolError as error:
            return (error.kind, str(error))
        if found & 255:
            return ERRORS[found >> 8]
        read = self.get(of)._instance.read
        at, length = [int.from_bytes(read(result + place, 4), "little") for place in (4, 8)]
        return read(at, length)

    def state(self):
        """All that a message leaves behind."""
        found = [dict(self.messages.counters), self.messages.depth, self.messages.hops]
        for called in ("a", "b"):
            one = self.get(called)
            instance = one._instance
            found.append([called, dict(one.counters), one.busy, instance is None, instance and instance.fuel])
        return found

    def _counted(self, *arguments):
        self.slow += 1
        return self._call(*arguments)
