# SPDX-License-Identifier: Apache-2.0
"""The way of a component for gateways to a gateway's node: check, compile in a confined process, pack a marker.

Nothing is normalised and nothing is tried: wasmtime validates and compiles, what it imports must be what the world names, the
manifest wants and gateways offer, and the node isolates and limits what runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from importlib.metadata import version
from typing import Any

import cbor2

from motet import __version__, sandbox
from motet.components import artifact, capabilities, componentfile, conformance, services, tools, wasmfile
from motet.components.admission import Admitted, Progress, Step, Target
from motet.components.errors import AdmissionError
from motet.components.jit.programs import marker
from motet.components.manifest import Manifest
from motet.components.reader import Malformed
from motet.components.wasi import admit as wasi
from motet.components.wasi import groups
from motet.components.wittypes import Function, World

MAX_BYTES = 64 << 20
STEPS = ("size", "contract", "compile", "conformance", "package")
# An interpreter takes half a minute; what it becomes is about three times as large.
BOUNDS = sandbox.Bounds(seconds=300, timeout=600, memory=4 << 30, output=256 << 20)
_TELL_S = 2.0
_SELF = f"motet {__version__}"


def admit(component: bytes, manifest: Manifest, target: Target | None = None, progress: Progress | None = None) -> Admitted:
    """An artifact with a marker, and the file that it names. Raises AdmissionError. May take a minute."""
    told = progress or (lambda *_: None)
    try:
        return _admitted(component, manifest, target or Target(), lambda step: told(step, STEPS.index(step) + 1, len(STEPS)))
    except AdmissionError as error:
        error.component = manifest.component.name
        raise


def _admitted(component: bytes, manifest: Manifest, target: Target, begin: Callable[[str], None]) -> Admitted:
    begin("size")
    if not target.gateway:
        raise AdmissionError("place", "it is for gateways: install it on the node of one (docs/guests.md), not on a board")
    if len(component) > MAX_BYTES:
        raise AdmissionError("size", f"{len(component)} bytes, at most {MAX_BYTES} are accepted")
    begin("contract")
    contract = contract_of(component, manifest)
    world = tools.world_of(manifest, contract)
    begin("compile")
    compiled = _compiled(component, lambda: begin("compile"))
    begin("conformance")
    _check_imports(compiled, manifest)
    conformance.compare(wasi.apart(compiled), world)
    begin("package")
    header = {"wasmtime": version("wasmtime"), "contract": contract, "world": manifest.component.world}
    program = cbor2.dumps({**header, "code": compiled["code"]})
    module = marker(manifest.component.name, program)
    packed = _packed(manifest, contract, world, _imported(compiled, world), module)
    rows = (("input", "author", component), ("compile", f"wasmtime {header['wasmtime']}", program), ("package", _SELF, packed))
    log = tuple(Step(name, tool, len(data), hashlib.sha256(data).hexdigest()) for name, tool, data in rows)
    return Admitted(manifest, module, packed, log, program)


def contract_of(component: bytes, manifest: Manifest) -> str:
    """The contract in a component for gateways. Raises AdmissionError."""
    if not componentfile.is_component(component) or not manifest.component.wit:
        raise AdmissionError("component", "what is for gateways is a component, with component.wit in its manifest")
    try:
        return tools.embedded(wasmfile.Module(component, wasmfile.sections(component, componentfile.MAGIC)))
    except Malformed as error:
        raise AdmissionError("component", error.reason, f"byte {error.offset:#x}") from None


def _compiled(component: bytes, tell: Callable[[], None]) -> dict[str, Any]:
    with ThreadPoolExecutor(1) as pool:
        work = pool.submit(sandbox.run_python, "motet.components.jit.compiling", component, BOUNDS)
        # Whoever waits for it gives up where nothing is heard.
        while not wait([work], _TELL_S).done:
            tell()
    done = work.result()
    if done.status != 0 or not done.output:
        raise AdmissionError("compile", f"the process that compiles it {done.how}")
    reply: dict[str, Any] = cbor2.loads(done.output)
    if "refused" in reply:
        raise AdmissionError(*reply["refused"])
    return reply


def _check_imports(compiled: dict[str, Any], manifest: Manifest) -> None:
    wasi.check(compiled, {entry["name"] for entry in manifest.capabilities.wanted.get(groups.NAME, ())})
    for interface, name, *_ in compiled["imports"]:
        where = f"import {conformance.key(interface, name)}"
        if groups.is_wasi(interface):
            continue
        capability = capabilities.by_interface(interface)
        if capability is None:
            known = ", ".join(each.path for each in capabilities.known().values())
            raise AdmissionError("imports", f"gateways offer no such interface (they offer {known})", where)
        if capability.name not in manifest.capabilities.wanted:
            reason = f"the manifest does not want it: add {capability.name!r} to [capabilities]"
            raise AdmissionError("capabilities", reason, where)


def _imported(compiled: dict[str, Any], world: World) -> list[Function]:
    there = {conformance.key(*row[:2]) for row in compiled["imports"]}
    return [function for function in world.imports if function.core_name in there]


def _packed(manifest: Manifest, contract: str, world: World, imports: list[Function], module: bytes) -> bytes:
    found, own = tools.of(manifest, contract), tools.of_services(manifest, contract)
    tools.describe(found + own)
    exports = [tool.function.core_name for tool in found]
    others = [artifact.renamed(tool.function, tool.function.core_name) for tool in own]
    names = {tool.function.name: tool.name for tool in found}
    field = services.of(manifest, world).encode(manifest, names, lambda function: function.core_name)
    return artifact.encode(manifest, found, exports, module, [*others, *imports], field)
