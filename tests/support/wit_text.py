# SPDX-License-Identifier: Apache-2.0
"""Functions over the types of ``motet.components.wittypes`` as WIT text: the opposite of ``motet.components.wit``."""

from __future__ import annotations

from collections.abc import Iterable

from motet.components.wittypes import (
    Enum,
    Flags,
    Function,
    ListOf,
    Member,
    Option,
    Primitive,
    Record,
    Result,
    Tuple,
    Type,
    Variant,
)


def world(functions: Iterable[Function], package: str = "test:random@0.1.0") -> str:
    """A document with one world that exports the functions."""
    writer = _Writer()
    exports = [f"  export %{f.name}: func({writer.members(f.params)}){writer.result(f.result)};" for f in functions]
    return f"package {package};\n\nworld w {{\n" + "\n".join([*writer.lines, *exports]) + "\n}\n"


class _Writer:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def result(self, kind: Type | None) -> str:
        return "" if kind is None else f" -> {self.name(kind)}"

    def members(self, members: Iterable[Member]) -> str:
        return ", ".join(f"{m.name}: {self.name(m.type)}" for m in members)

    def name(self, kind: Type | None) -> str:
        match kind:
            case None:
                return "_"
            case Primitive(name):
                return name
            case ListOf(element):
                return f"list<{self.name(element)}>"
            case Option(some):
                return f"option<{self.name(some)}>"
            case Result(None, None):
                return "result"
            case Result(ok, None):
                return f"result<{self.name(ok)}>"
            case Result(ok, err):
                return f"result<{self.name(ok)}, {self.name(err)}>"
            case Tuple(items):
                return f"tuple<{', '.join(map(self.name, items))}>"
        return self._defined(kind)

    def _defined(self, kind: Record | Variant | Enum | Flags) -> str:
        """A type with a name is defined in a line of its own, which comes before the one that is being written."""
        match kind:
            case Record(fields):
                body = f"record {{}} {{ {self.members(fields)} }}"
            case Variant(cases):
                body = "variant {} { " + ", ".join(self._case(case) for case in cases) + " }"
            case Enum(cases):
                body = "enum {} { " + ", ".join(case.name for case in cases) + " }"
            case Flags(names):
                body = "flags {} { " + ", ".join(flag.name for flag in names) + " }"
        name = f"t{len(self.lines)}"
        self.lines.append("  " + body.replace("{}", name, 1))
        return name

    def _case(self, case: Member) -> str:
        return case.name if case.type is None else f"{case.name}({self.name(case.type)})"
