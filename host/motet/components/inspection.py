# SPDX-License-Identifier: Apache-2.0
"""What is in a package, as plain data: sections, imports, exports, contract, tools, limits, what it wants, who signed it.

Nothing of it is run, and nothing is admitted by it: a module that admission would refuse is told as far as it can be read.
"""

from __future__ import annotations

import tomllib
from typing import Any

from motet import models
from motet.components import attestations, componentfile, tools, wholes
from motet.components import manifest as manifests
from motet.components.errors import ComponentError
from motet.components.manifest import Manifest
from motet.components.oci.contents import digest_of
from motet.components.packages import COMPONENT, Package
from motet.components.reader import Malformed, Reader
from motet.components.wasmfile import CUSTOM, Module, Section, decode
from motet.trust import TrustError, signer
from motet_core.errors import MotetError

_NAMES = ("custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data")


def inspect(package: Package) -> dict[str, Any]:
    """Everything there is to tell; "problem" is in it when the content cannot be read to its end.

    Raises ComponentError, ModelError.
    """
    header = {"kind": package.kind, "name": package.name, "revision": package.revision}
    told = header | {"digest": digest_of(package), "size": len(package.content)}
    told |= {"signed_by_keys": [_key(one) for one in package.signatures], **attestations.summary(package)}
    return told | (_component(package) if package.kind == COMPONENT else _model(package))


def _key(envelope: bytes) -> str:
    """The key id that a signature names, which proves nothing."""
    try:
        return signer(envelope).hex()
    except TrustError:
        return "?"


def _component(package: Package) -> dict[str, Any]:
    manifest, raw = manifests.parse(package.manifest), tomllib.loads(package.manifest)
    wants = raw.get("capabilities")
    told: dict[str, Any] = {
        "description": manifest.component.description,
        "limits": manifest.limits.model_dump(),
        "capabilities": wants if isinstance(wants, dict) else {},
        "dependencies": dict(manifest.dependencies),
    }
    try:
        return told | _module(package.content, manifest)
    except (Malformed, MotetError, ComponentError) as error:
        return told | {"problem": getattr(error, "reason", "") or str(error)}


def _module(content: bytes, manifest: Manifest) -> dict[str, Any]:
    if manifest.gateway_only:
        return _whole(content, manifest)
    form = "component" if componentfile.is_component(content) else "module"
    module = decode(componentfile.unbundle(content) if form == "component" else content)
    contract = tools.embedded(module)
    return {
        "form": form,
        "sections": [{"name": _section(module, one), "bytes": one.end - one.start} for one in module.sections],
        "imports": [f"{one.module} {one.name}" for one in module.imports],
        "exports": [{"name": one.name, "kind": one.kind} for one in module.exports],
        "wit": contract,
        "tools": _tools(manifest, contract),
    }


def _whole(content: bytes, manifest: Manifest) -> dict[str, Any]:
    """A component for gateways: what its contract says, as only wasmtime knows what is in it."""
    contract = wholes.contract_of(content, manifest)
    world = tools.world_of(manifest, contract)
    return {
        "form": "component",
        "sections": [],
        "imports": [function.core_name for function in world.imports],
        "exports": [{"name": function.core_name, "kind": "func"} for function in world.exports],
        "wit": contract,
        "tools": _tools(manifest, contract),
    }


def _tools(manifest: Manifest, contract: str) -> list[dict[str, Any]]:
    return [
        {
            "name": tool.name,
            "description": tool.description,
            "inputSchema": tool.input_schema(),
            "outputSchema": tool.output_schema(),
        }
        for tool in tools.of(manifest, contract)
    ]


def _section(module: Module, section: Section) -> str:
    if section.id != CUSTOM:
        return _NAMES[section.id] if section.id < len(_NAMES) else str(section.id)
    try:
        reader = Reader(module.data, section.start, section.end)
        return f"custom {reader.name()}"
    except Malformed:
        return "custom ?"


def _model(package: Package) -> dict[str, Any]:
    found = models.inspect(package.content, package.name, package.revision)
    tensors = {"inputs": found.inputs, "outputs": found.outputs}
    shapes = {
        what: [{"name": one.name, "shape": list(one.shape), "type": one.dtype} for one in some] for what, some in tensors.items()
    }
    return {**shapes, "arena_bytes": found.arena_bytes, "operators": list(found.operators)}
