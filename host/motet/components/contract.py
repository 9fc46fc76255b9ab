# SPDX-License-Identifier: Apache-2.0
"""What a module asks of the device and what it gives, compared with the target and the types of its tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from motet.components import tools
from motet.components.errors import AdmissionError
from motet.components.tools import Tool
from motet.components.wasmfile import Module
from motet_core.canonical_types import Types

# Host functions by (module, name) with their signature, for example ``{("motet", "clock"): "I()"}``.
Imports = Mapping[tuple[str, str], str]

MEMORY = "memory"
# Entry points of other run-time environments: the module counts on a call that no device makes.
_FOREIGN_STARTS = ("_initialize", "_start", "cm32p2_initialize")
# The two conventions of the tools: their prefix, and how memory is called.
_STANDARD = "cm32p2"


def check_imports(module: Module, offered: Imports) -> None:
    """Refuses an import the target does not offer, or offers with another signature."""
    for item in module.imports:
        where = f"import {item.module}.{item.name}"
        if item.kind != "func":
            raise AdmissionError("imports", f"a {item.kind} is imported; only functions can be", where)
        signature, given = module.types[item.type], offered.get((item.module, item.name))
        if given is None:
            known = ", ".join(".".join(key) for key in sorted(offered)) or "none"
            raise AdmissionError("imports", f"the device has no such function (it offers {known})", where)
        if given != signature:
            raise AdmissionError("imports", f"needs {signature}, the device offers {given}", where)


def export_name(module: Module, tool: Tool) -> str:
    """The module's name for a tool's function: wit-component's of today, or of 2024 when the module has that."""
    names = {item.name for item in module.exports}
    interface, _, version = tool.function.interface.partition("@")
    # Of a version only what may break callers stands in the name: 1.2.3 is 1, 0.2.3 is 0.2.
    parts = version.split("-")[0].split(".")
    kept = "@" + (parts[0] if parts[0] != "0" else ".".join(parts[:2])) if version else ""
    standard = f"{_STANDARD}|{interface}{kept}|{tool.function.name}"
    return standard if standard in names and tool.function.core_name not in names else tool.function.core_name


def check_exports(module: Module, given: Iterable[Tool]) -> None:
    """Refuses a module that does not export what becomes tools, with the core types that their types flatten to."""
    given = tuple(given)
    exports = {item.name: item for item in module.exports}
    for name in _FOREIGN_STARTS:
        if name in exports:
            reason = "this export must be called before any other and devices do not: link with --no-entry and no libc"
            raise AdmissionError("exports", reason, f"export {name}")
    types = Types(tools.describe(given))
    for tool in given:
        name = export_name(module, tool)
        where = f"export {name}"
        item = exports.get(name)
        if item is None or item.kind != "func":
            there = ", ".join(e.name for e in module.exports if e.kind == "func") or "none"
            raise AdmissionError("exports", f"the module has no such function (it exports {there})", where)
        wanted = tools.core_signature(types, tool.function.core_name)
        if (found := module.signature(item.index)) != wanted:
            raise AdmissionError("exports", f"has signature {found}, but the tool {tool.name!r} needs {wanted}", where)
        _check_memory(types.functions[tool.function.core_name], exports, name)


def _check_memory(function: Any, exports: Mapping[str, Any], name: str) -> None:
    prefix = _STANDARD if name.startswith(_STANDARD) else "cabi"
    memory = _STANDARD + "_memory" if name.startswith(_STANDARD) else MEMORY
    if (function.behind or function.params.owns or function.spilled) and _kind(exports, memory) != "memory":
        reason = "values are passed through memory, which must be exported"
        raise AdmissionError("exports", reason, f"export {memory}")
    if (function.params.owns or function.spilled) and _kind(exports, f"{prefix}_realloc") != "func":
        reason = f"{name} is given text, lists or many arguments: they need memory of the component's own"
        raise AdmissionError("exports", reason, f"export {prefix}_realloc")


def _kind(exports: Mapping[str, Any], name: str) -> str:
    return exports[name].kind if name in exports else "none"


def kept_exports(module: Module, given: Iterable[Tool]) -> set[str]:
    """Names a device needs: the tools, what frees their results, the memory and what gives it."""
    names = {export_name(module, tool) for tool in given}
    posts = {name + "_post" if name.startswith(_STANDARD) else "cabi_post_" + name for name in names}
    return names | posts | {MEMORY, "cabi_realloc", _STANDARD + "_memory", _STANDARD + "_realloc"}
