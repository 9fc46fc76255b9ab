# SPDX-License-Identifier: Apache-2.0
"""Bindings for Zig: a file with types and imports, and the glue that exports the author's functions."""

from __future__ import annotations

from collections.abc import Iterator

from motet.components.sdk import keywords, zig_text
from motet.components.sdk.layout import Call, Layout
from motet.components.sdk.names import Scope, camel, owner, snake
from motet.components.sdk.zig_steps import CORE, lift, lower
from motet.components.sdk.zig_types import ZigTypes, comment, quoted


def generate(layout: Layout, arena: int) -> dict[str, str]:
    """``<world>.zig`` and ``exports.zig``; ``arena`` is in bytes."""
    made = _Zig(layout)
    base = f"{snake(layout.world.name)}_api" if layout.world.name.lower() == "exports" else snake(layout.world.name)
    return {f"{base}.zig": made.api(arena), "exports.zig": made.glue(base)}


class _Zig:
    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        scope = Scope(keywords.ZIG_FILE)
        self._types = ZigTypes(layout, scope)
        self._imports = [(call, quoted(scope.take(*_symbols(call, "import-")))) for call in layout.imports]
        exported = Scope()
        self._exports = [(call, quoted(exported.take(*_symbols(call, "export-")))) for call in layout.exports]

    def api(self, arena: int) -> str:
        text = zig_text.API.format(world=self._layout.world.name, size=arena) + self._types.text
        text += "".join(self._import(number, *row) for number, row in enumerate(self._imports))
        wanted = "".join(
            f"{comment(c.function.docs)}// pub fn {n}({self._params(c, '')}) {self._result(c)}\n" for c, n in self._exports
        )
        return text + (f"\n// To be written by the author:\n{wanted.replace('///', '//')}" if wanted else "")

    def glue(self, base: str) -> str:
        text = zig_text.GLUE.format(world=self._layout.world.name, api=base)
        text += "".join(self._export(number, *row) for number, row in enumerate(self._exports))
        names = [line for number, (call, _) in enumerate(self._exports) for line in _exported(number, call)]
        names += ['    @export(&api.internal.realloc, .{ .name = "cabi_realloc" });'] if self._layout.needs_realloc else []
        return text + "\ncomptime {\n" + "\n".join(names) + "\n}\n"

    def _params(self, call: Call, end: str = "_") -> str:
        # Nothing may be called like a declaration around it; no name of those ends in a line.
        return ", ".join(f"{quoted(snake(value.name) + end)}: {self._types.name(value.type)}" for value in call.params)

    def _result(self, call: Call, prefix: str = "") -> str:
        return self._types.name(call.result.type if call.result else None, prefix)

    def _import(self, number: int, call: Call, name: str) -> str:
        function = call.function
        slots = ", ".join([*(CORE[kind] for kind in call.core), *(["[*]u8"] if call.behind else [])])
        returns = "void" if call.behind else CORE[call.returns]
        module = function.interface or "$root"
        core = f'const _import_{number} = struct {{\n    extern "{module}" fn @"{function.name}"({slots}) {returns};\n}};\n'
        body = "".join(f"    {line}\n" for line in self._imported(call, f'_import_{number}.@"{function.name}"'))
        inline = "inline " if call.wide else ""
        return (
            f"\n{core}\n{comment(function.docs)}pub {inline}fn {name}({self._params(call)}) {self._result(call)} {{\n{body}}}\n"
        )

    def _imported(self, call: Call, core: str) -> Iterator[str]:
        slots = [f"_a{slot}" for slot in range(len(call.core))]
        if call.spilled:
            yield f"var _held: [{call.size}]u8 align(8) = undefined;"
            for value in call.params:
                yield f"internal.put({self._types.name(value.type)}, @as([*]u8, &_held) + {value.offset}, {snake(value.name)}_);"
            slots = ["@intFromPtr(&_held)"]
        else:
            yield from (f"var _a{slot}: {CORE[kind]} = 0;" for slot, kind in enumerate(call.core))
            yield from (f"_ = &_a{slot};" for slot in range(len(call.core)))
            for index, value in enumerate(call.params):
                yield f"const _m{index}: [*]const u8 = @ptrCast(&{snake(value.name)}_);"
                yield from (f"{_internal(line)}" for line in lower(value.steps, f"_m{index}", "_a"))
        yield from self._answer(call, core, slots)

    def _answer(self, call: Call, core: str, slots: list[str]) -> Iterator[str]:
        if call.result is None:
            yield f"{core}({', '.join(slots)});"
            return
        yield f"var _out: {self._result(call)} = undefined;"
        yield "const _r: [*]u8 = @ptrCast(&_out);"
        if call.behind:
            yield f"{core}({', '.join([*slots, '_r'])});"
        else:
            yield f"const _b0 = {core}({', '.join(slots)});"
            yield from (_internal(line) for line in lift(call.result.steps, "_r", "_b"))
        yield "return _out;"

    def _export(self, number: int, call: Call, name: str) -> str:
        declared = ", ".join(f"a{slot}: {CORE[kind]}" for slot, kind in enumerate(call.core))
        returns = "*const anyopaque" if call.behind else CORE[call.returns]
        body = "".join(f"    {line}\n" for line in self._called(number, call, name))
        text = f"\nfn export_{number}({declared}) callconv(.c) {returns} {{\n{body}}}\n"
        if call.behind:
            text = f"\nvar result_{number}: {self._result(call, 'api.')} = undefined;" + text
        if call.owns_result:
            text += f"\nfn post_{number}(_: *const anyopaque) callconv(.c) void {{\n    api.internal.reset();\n}}\n"
        return text

    def _called(self, number: int, call: Call, name: str) -> Iterator[str]:
        for index, value in enumerate(call.params):
            kind = self._types.name(value.type, "api.")
            if call.spilled:
                yield f"const p{index} = get({kind}, @as([*]const u8, @ptrFromInt(a0)) + {value.offset});"
            else:
                yield f"var p{index}: {kind} = undefined;"
                yield f"const m{index}: [*]u8 = @ptrCast(&p{index});"
                yield from lift(value.steps, f"m{index}", "a")
        arguments = ", ".join(f"p{index}" for index in range(len(call.params)))
        called = f"@call(.always_inline, guest.{name}, .{{ {arguments} }})" if call.wide else f"guest.{name}({arguments})"
        done = [] if call.owns_result else ["api.internal.reset();"]
        if call.result is None:
            yield from (f"{called};", *done)
        elif call.behind:
            yield from (f"result_{number} = {called};", *done, f"return &result_{number};")
        else:
            yield from (f"const result: {self._result(call, 'api.')} = {called};", *done)
            yield from (f"var b0: {CORE[call.returns]} = 0;", "const r: [*]const u8 = @ptrCast(&result);")
            yield from lower(call.result.steps, "r", "b")
            yield "return b0;"


def _internal(line: str) -> str:
    return line.replace("put(", "internal.put(").replace("get(", "internal.get(")


def _symbols(call: Call, prefix: str) -> tuple[str, str]:
    full = "-".join(part for part in (owner(call.function.interface), call.function.name) if part)
    return camel(full), camel(prefix + full)


def _exported(number: int, call: Call) -> list[str]:
    core = call.function.core_name
    lines = [f'    @export(&export_{number}, .{{ .name = "{core}" }});']
    return lines + ([f'    @export(&post_{number}, .{{ .name = "cabi_post_{core}" }});'] if call.owns_result else [])
