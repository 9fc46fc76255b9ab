# SPDX-License-Identifier: Apache-2.0
"""The device artifact of a component: one CBOR map with the module, its ready tools/list entries, types and limits."""

from motet_core.canonical import Lift, signature
from motet_core.errors import MotetError, Refused
from motet_core.wire import record
from motet_core.wire.packed import pack, unpack

FORMAT = 1
_UINT32 = 0xFFFFFFFF

TABLE = (
    (0, "format", "uint", FORMAT, FORMAT, True),
    (1, "name", "text", 1, 32, True),
    (2, "revision", "uint", 0, _UINT32, True),
    (3, "module", "bytes", 8, 1 << 20, True),
    (4, "tools", "bytes", 1, 1 << 16, True),
    (5, "calls", "any", 0, 0, True),
    (6, "limits", "any", 0, 0, True),
)


class Call:
    """One tool: the export behind it, its types, and the function of the running instance."""

    def __init__(self, row):
        if not (isinstance(row, list) and len(row) == 4 and isinstance(row[0], str) and isinstance(row[1], str)):
            raise Refused("component: a call is not [tool, export, parameters, result]")
        self.tool, self.export, self.params = row[0], row[1], row[2]
        if not isinstance(self.params, list) or not all(_is_param(param) for param in self.params):
            raise Refused("component: parameters of %s are not [[name, type], ...]" % self.tool)
        self.signature = signature(self.params, row[3])
        self.lift = Lift(row[3])
        self.function = None


def _is_param(param):
    return isinstance(param, list) and len(param) == 2 and isinstance(param[0], str) and isinstance(param[1], str)


class Artifact:
    """Decoded: name, revision, module, calls and packed entries by tool, fuel, memory, stack. Refused says what is wrong."""

    def __init__(self, data):
        try:
            # What is in flash stays there; what is on the heap gives it back but for the module.
            fields = record.decode("component", TABLE, data, in_place=isinstance(data, memoryview))
            tools = unpack(fields["tools"])
        except MotetError as error:
            raise Refused(error.message)
        self.name = fields["name"]
        self.revision = fields["revision"]
        self.module = fields["module"]
        self.fuel, self.memory, self.stack = _limits(fields["limits"])
        self.calls = _calls(fields["calls"])
        self.entries = _entries(self.name, tools, self.calls)


def _limits(limits):
    """{0: fuel, 1: memory, 2: stack} -> the three numbers."""
    values = [limits.get(number) if isinstance(limits, dict) else None for number in (0, 1, 2)]
    for value in values:
        if value is True or not isinstance(value, int) or not 0 < value <= _UINT32:
            raise Refused("component: limits are not {0: fuel, 1: memory, 2: stack}, each above 0")
    return values


def _calls(rows):
    if not isinstance(rows, list) or not rows:
        raise Refused("component: no tools")
    calls = {}
    for row in rows:
        call = Call(row)
        calls[call.tool] = call
    return calls


def _entries(name, tools, calls):
    """Packed tools/list entries by tool name; each tool has one call and the component's name as prefix."""
    entries = {}
    for tool in tools if isinstance(tools, list) else []:
        tool_name = tool.get("name") if isinstance(tool, dict) else None
        if tool_name not in calls or not tool_name.startswith(name + "."):
            raise Refused("component: tool %r has no call or another prefix than %s" % (tool_name, name))
        if not isinstance(tool.get("inputSchema"), dict):
            raise Refused("component: tool %s has no inputSchema" % tool_name)
        entries[tool_name] = pack(tool)
    if len(entries) != len(calls):
        raise Refused("component: %d calls but %d tool descriptions" % (len(calls), len(entries)))
    return entries
