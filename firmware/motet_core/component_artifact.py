# SPDX-License-Identifier: Apache-2.0
"""The device artifact of a component: one CBOR map with the module, its ready tools/list entries, types and limits.

Format 3 says what the component offers besides tools; format 2 has a type descriptor and calls of [tool, export, form]; format 1,
which older gateways send, has its types in the calls.
"""

from motet_core.component_old import describe
from motet_core.errors import MotetError, Refused
from motet_core.wire import record
from motet_core.wire.packed import pack, unpack

FORMAT = 3
# What becomes of a result: there is none, it is an object, it goes under "result"; added to that, it is a WIT result.
NOTHING, OBJECT, WRAPPED, FALLIBLE = 0, 1, 2, 4
_UINT32 = 0xFFFFFFFF

TABLE = (
    (0, "format", "uint", 1, FORMAT, True),
    (1, "name", "text", 1, 32, True),
    (2, "revision", "uint", 0, _UINT32, True),
    (3, "module", "bytes", 8, 1 << 20, True),
    (4, "tools", "bytes", 1, 1 << 16, True),
    (5, "calls", "any", 0, 0, True),
    (6, "limits", "any", 0, 0, True),
    (7, "types", "bytes", 4, 65535, False),
    (9, "services", "any", 0, 0, False),
)


class Call:
    """Behind a tool: the export, the descriptor of its types, what becomes of its result, the bound function."""

    def __init__(self, export, types, form):
        self.export = export
        self.types = types
        self.form = form
        self.function = None


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
        # The engine binds to bytes of its own; the descriptor is small.
        self.types = None if fields["types"] is None else bytes(fields["types"])
        self.hooks = None
        self.calls = _calls(fields["calls"], self.types, fields["format"])
        self.entries = _entries(self.name, tools, self.calls)
        if fields["format"] == 3:
            # Boards whose components have tools only do not pay for this.
            from motet_core.services.hooks import Hooks

            self.hooks = Hooks(fields["services"], self.calls)
        elif fields["services"] is not None:
            raise Refused("component: unknown field 9 in format %d" % fields["format"])
        elif not self.calls:
            raise Refused("component: no tools")


def _limits(limits):
    """{0: fuel, 1: memory, 2: stack} -> the three numbers."""
    values = [limits.get(number) if isinstance(limits, dict) else None for number in (0, 1, 2)]
    for value in values:
        if value is True or not isinstance(value, int) or not 0 < value <= _UINT32:
            raise Refused("component: limits are not {0: fuel, 1: memory, 2: stack}, each above 0")
    return values


def _calls(rows, types, version):
    if not isinstance(rows, list):
        raise Refused("component: no tools")
    if (types is None) != (version == 1):
        raise Refused("component: format %d with%s type descriptor" % (version, "out" if types is None else ""))
    calls = {}
    for row in rows:
        if types is None:
            tool, export, described, form = describe(row)
            calls[tool] = Call(export, described, form)
        elif _is_call(row):
            calls[row[0]] = Call(row[1], types, row[2])
        else:
            raise Refused("component: a call is not [tool, export, form]")
    return calls


def _is_call(row):
    if not isinstance(row, list) or len(row) != 3 or not isinstance(row[0], str) or not isinstance(row[1], str):
        return False
    return isinstance(row[2], int) and row[2] is not True and row[2] is not False and row[2] >= 0 and row[2] & 3 < 3


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
