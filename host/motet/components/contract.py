# SPDX-License-Identifier: Apache-2.0
"""What a module asks of the device and what it gives, compared with the target and the manifest."""

from __future__ import annotations

from collections.abc import Mapping

from motet.components.errors import AdmissionError
from motet.components.manifest import Manifest, Tool
from motet.components.wasmfile import Module

# Host functions by (module, name) with their signature, for example ``{("motet", "clock"): "I()"}``.
Imports = Mapping[tuple[str, str], str]

MEMORY = "memory"
# Entry points of other run-time environments: the module counts on a call that no device makes.
_FOREIGN_STARTS = ("_initialize", "_start")


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


def check_exports(module: Module, manifest: Manifest) -> None:
    """Refuses a module that does not export what the manifest turns into tools, with the same core signature."""
    exports = {item.name: item for item in module.exports}
    for name in _FOREIGN_STARTS:
        if name in exports:
            reason = "this export must be called before any other and devices do not: link with --no-entry and no libc"
            raise AdmissionError("exports", reason, f"export {name}")
    for tool in manifest.tool:
        where = f"export {tool.export_name}"
        if f"cabi_post_{tool.export_name}" in exports:
            raise AdmissionError("exports", "its result must be freed by a cabi_post call, which devices do not make", where)
        item = exports.get(tool.export_name)
        if item is None or item.kind != "func":
            there = ", ".join(e.name for e in module.exports if e.kind == "func") or "none"
            raise AdmissionError("exports", f"the module has no such function (it exports {there})", where)
        _check_tool(tool, module.signature(item.index), where)
        if tool.through_memory and (MEMORY not in exports or exports[MEMORY].kind != "memory"):
            raise AdmissionError("exports", "a record is returned through memory, which must be exported", f"export {MEMORY}")


def kept_exports(manifest: Manifest) -> set[str]:
    """Names a device needs: the tools and the memory."""
    return {MEMORY, *(tool.export_name for tool in manifest.tool)}


def _check_tool(tool: Tool, found: str, where: str) -> None:
    if found != tool.signature:
        reason = f"has signature {found}, but the tool {tool.name!r} in the manifest needs {tool.signature}"
        raise AdmissionError("exports", reason, where)
