# SPDX-License-Identifier: Apache-2.0
"""Bindings for Python: dataclasses for the types, and decorators that check a class against the contract.

In a component the types are those of componentize-py, elsewhere these here, with the same names and fields.
"""

from __future__ import annotations

from motet.components.sdk import keywords, python_text
from motet.components.sdk.layout import Call, Layout
from motet.components.sdk.names import Scope, described, owner, pascal, snake, upper
from motet.components.wittypes import (
    Enum,
    Flags,
    ListOf,
    Member,
    Option,
    Primitive,
    Record,
    Result,
    Tuple,
    Type,
    Variant,
    nullable,
)

_PRIMITIVE = {"bool": "bool", "f32": "float", "f64": "float", "char": "str", "string": "str"}


def generate(layout: Layout, arena: int) -> dict[str, str]:
    """``__init__.py``; the arena means nothing here."""
    return {"__init__.py": _Python(layout).text()}


class _Python:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._scope = Scope(keywords.PYTHON_FILE)
        self._names: dict[Type, str] = {}
        self._classes: list[str] = []
        self._bodies = "".join(self._definition(kind) for kind in layout.types)

    def text(self) -> str:
        world = self._layout.world
        imports = sorted({owner(f.interface) for f in world.imports if f.interface})
        exports = sorted({owner(f.interface) for f in world.exports if f.interface})
        inside = "try:\n    import wit_world\n    from componentize_py_types import Err, Ok, Result, Some\n"
        inside += _modules(imports, exports)
        inside += "".join(f'    {name} = _of("{name}")\n' for name in self._classes)
        played = ", ".join(f'"{snake(name)}": _imports_{snake(name)}' for name in imports)
        inside += f"    IMPORTS = {{{played}}}\n    INSIDE = True\n"
        outside = f"except ModuleNotFoundError:\n    INSIDE = False\n{python_text.NATIVE}{self._bodies}"
        rows = [f'    "{self._key(call)}": ({{{self._hints(call)}}}, {self._returned(call)}),\n' for call in self._layout.exports]
        table = f"\nEXPORTS = {{\n{''.join(rows)}}}\n"
        missing = ", ".join(f'"{snake(name)}": _NotThere("{name}")' for name in imports)
        end = f"\n\nif not INSIDE:\n    IMPORTS = {{{missing}}}\n"
        head = python_text.HEAD.format(world=world.name) + python_text.IMPORTS
        return head + inside + outside + self._aliases() + table + python_text.RUNTIME + end

    def name(self, kind: Type | None) -> str:
        """A type as an annotation."""
        match kind:
            case None:
                return "None"
            case Primitive(name):
                return _PRIMITIVE.get(name, "int")
            case ListOf(Primitive("u8")):
                return "bytes"
            case ListOf(element):
                return f"list[{self.name(element)}]"
            case Tuple(items):
                return f"tuple[{', '.join(map(self.name, items))}]"
            case Option(some) if nullable(kind):
                return f"typing.Optional[{self.name(some)}]"
            case Option(some):
                return f"typing.Optional[Some[{self.name(some)}]]"
            case Result(ok, err):
                return f"typing.Union[Ok[{self.name(ok)}], Err[{self.name(err)}]]"
        return self._names[kind]

    def _definition(self, kind: Type) -> str:
        if not isinstance(kind, Record | Variant | Enum | Flags):
            return ""
        name = self._names[kind] = self._scope.take(pascal(described(kind)))
        match kind:
            case Record(fields):
                self._classes.append(name)
                lines = [f"        {field}: {self.name(m.type)}\n" for m, field in zip(fields, members(fields), strict=True)]
                return f"\n    @dataclass\n    class {name}:\n{''.join(lines)}"
            case Variant(cases):
                return "".join(self._case(name, case) for case in cases)
            case Enum(cases):
                self._classes.append(name)
                return _enum(name, "Enum", [(case, number) for number, case in enumerate(cases)])
            case Flags(flags):
                self._classes.append(name)
                return _enum(name, "Flag", [(flag, 1 << number) for number, flag in enumerate(flags)])

    def _case(self, name: str, case: Member) -> str:
        shown = f"{name}_{case_name(case)}"
        self._classes.append(shown)
        body = "pass" if case.type is None else f"value: {self.name(case.type)}"
        return f"\n    @dataclass\n    class {shown}:\n        {body}\n"

    def _aliases(self) -> str:
        rows = [(name, kind) for kind, name in self._names.items() if isinstance(kind, Variant)]
        unions = [f"{name} = typing.Union[{', '.join(f'{name}_{case_name(c)}' for c in kind.cases)}]\n" for name, kind in rows]
        return "\n" + "".join(unions)

    def _key(self, call: Call) -> str:
        parts = [owner(call.function.interface), call.function.name]
        return ".".join(snake(part) for part in parts if part)

    def _hints(self, call: Call) -> str:
        names = Scope(keywords.PYTHON).members(snake(value.name) for value in call.params)
        return ", ".join(f"{name!r}: {self.name(value.type)}" for name, value in zip(names, call.params, strict=True))

    def _returned(self, call: Call) -> str:
        kind = call.result.type if call.result else None
        return self.name(kind.ok if isinstance(kind, Result) else kind)


def members(fields: tuple[Member, ...]) -> list[str]:
    """Names of a record's fields."""
    return Scope(keywords.PYTHON).members(snake(field.name) for field in fields)


def case_name(case: Member) -> str:
    """The end of the name of a case's class."""
    name = pascal(case.name)
    return name + "_" if name in keywords.PYTHON else name


def _enum(name: str, base: str, rows: list[tuple[Member, int]]) -> str:
    lines = "".join(f"        {upper(member.name)} = {value}\n" for member, value in rows)
    return f"\n    class {name}({base}):\n{lines}"


def _modules(imports: list[str], exports: list[str]) -> str:
    named = [("imports", snake(name)) for name in imports] + [("exports", snake(name)) for name in exports]
    lines = [f"    from wit_world.{side} import {name} as _{side}_{name}\n" for side, name in named]
    places = ", ".join(["wit_world", *(f"_{side}_{name}" for side, name in reversed(named))])
    return "".join(lines) + f"    _places = [{places}]\n" + python_text.PLACES
