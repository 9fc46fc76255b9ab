# SPDX-License-Identifier: Apache-2.0
"""What a module imports, compared with what devices offer and with what its manifest wants."""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace

from motet.components import capabilities, descriptor
from motet.components.errors import AdmissionError
from motet.components.manifest import Manifest
from motet.components.wasmfile import Module
from motet.components.wasmitems import Import
from motet.components.wittypes import Function, World
from motet_core.canonical_types import Types

RULE = "imports"
_STANDARD = "cm32p2|"
_WASI = ("wasi:", "wasi_")


def functions(
    module: Module, manifest: Manifest, world: World | None, besides: Container[tuple[str, str]] = ()
) -> tuple[Function, ...]:
    """The imports of a module with their types, under the names that the module has for them, each once; not ``besides``.

    Raises AdmissionError for one that devices do not offer, that the manifest does not want, or that has another core type.
    """
    known = {name: function for function in (world.imports if world else ()) for name in _names(function)}
    found: dict[tuple[str, str], Function] = {}
    for item in module.imports:
        if (item.module, item.name) in besides:
            continue
        function = known.get((item.module, item.name))
        _check_wanted(item, function, manifest)
        if function is not None:
            found[item.module, item.name] = replace(function, name=item.name, interface=item.module)
    _check_types(module, found)
    return tuple(found.values())


def signature(types: Types, name: str) -> str:
    """The core type of an import in the engine's notation: a result of several core values goes behind a last address."""
    function = types.functions[name]
    returns = "v" if function.result is None or function.behind else function.result.core
    return f"{returns}({'i' if function.spilled else function.params.core}{'i' if function.behind else ''})"


def signatures(given: Iterable[Function]) -> dict[tuple[str, str], str]:
    """The core types of imports, by module and name."""
    given = tuple(given)
    types = Types(descriptor.encode(given))
    return {(function.interface, function.name): signature(types, function.core_name) for function in given}


def _names(function: Function) -> list[tuple[str, str]]:
    """An import's core names: wit-component's of today, and of 2024."""
    path, _, version = function.interface.partition("@")
    parts = version.split("-")[0].split(".")
    kept = "@" + (parts[0] if parts[0] != "0" else ".".join(parts[:2])) if version else ""
    return [(function.interface, function.name), (f"{_STANDARD}{path}{kept}", function.name)]


def _check_wanted(item: Import, function: Function | None, manifest: Manifest) -> None:
    where = f"import {item.module}.{item.name}"
    if item.kind != "func":
        raise AdmissionError(RULE, f"a {item.kind} is imported; only functions can be", where)
    if item.module.startswith(_WASI):
        reason = "WASI is there for components on a gateway only; devices offer the interfaces of motet:device"
        raise AdmissionError(RULE, reason, where)
    capability = capabilities.by_interface(item.module.removeprefix(_STANDARD))
    if capability is None:
        known = ", ".join(each.path for each in capabilities.known().values())
        raise AdmissionError(RULE, f"devices offer no such interface (they offer {known})", where)
    if function is None:
        raise AdmissionError(RULE, "the world of the contract does not import it in this version", where)
    if capability.name not in manifest.capabilities.wanted:
        reason = f"the manifest does not want it: add {capability.name!r} to [capabilities]"
        raise AdmissionError("capabilities", reason, where)


def _check_types(module: Module, found: dict[tuple[str, str], Function]) -> None:
    wanted = signatures(found.values())
    types = Types(descriptor.encode(found.values()))
    for item in module.imports:
        key, where = (item.module, item.name), f"import {item.module}.{item.name}"
        if key not in found:
            continue
        if module.types[item.type] != wanted[key]:
            raise AdmissionError(RULE, f"needs {module.types[item.type]}, devices offer {wanted[key]}", where)
        result = types.functions[found[key].core_name].result
        exports = {export.name for export in module.exports}
        if result is not None and result.owns and not exports & {"cabi_realloc", "cm32p2_realloc"}:
            raise AdmissionError(RULE, "it returns text or lists, which need memory of the component's own: cabi_realloc", where)
