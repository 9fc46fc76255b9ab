# SPDX-License-Identifier: Apache-2.0
"""The only way from a module to a device: check, normalise, clamp, check again, try, pack.

No module reaches the device engine, on a device or in this process, except through ``admit``. Each refusal is an AdmissionError
that names the rule and the place. Equal input under equal tool versions gives equal bytes, and the transform log says which.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from motet import __version__, boards
from motet.components import (
    artifact,
    caps,
    componentfile,
    conformance,
    contract,
    features,
    flatness,
    imported,
    normalise,
    rewrite,
    services,
    straight,
    tools,
    wasmfile,
)
from motet.components.caps import PAGE, Caps
from motet.components.errors import AdmissionError
from motet.components.manifest import Manifest
from motet.components.smoke import smoke_run
from motet.components.wasmfile import Module
from motet.components.wittypes import Function, World

# Called before each step with its name, its number from 1 and how many there are.
Progress = Callable[[str, int, int], None]
STEPS = (
    "size",
    "validate",
    "conformance",
    "profile",
    "caps",
    "contract",
    "normalise",
    "clamp",
    "re-validate",
    "straight",
    "smoke run",
    "package",
)
_SELF = f"motet {__version__}"


@dataclass(frozen=True)
class Target:
    """What a class of devices offers and bears: sizes, host functions with their signatures, bytes of RAM (None: plenty).

    ``gateway``: whole components, on the machine of a gateway.
    """

    caps: Caps = field(default_factory=Caps)
    imports: Mapping[tuple[str, str], str] = field(default_factory=dict)
    ram: int | None = None
    gateway: bool = False

    @classmethod
    def of_board(cls, name: str) -> Target:
        """The target for a board by the name it announces; one that is not among ours gets the defaults."""
        # The name comes from a device: it is compared, never used as a path.
        memory = boards.load(name).memory if name in boards.names() else None
        return cls(ram=memory.ram) if memory else cls()


@dataclass(frozen=True)
class Step:
    """One step of the derivation: what did it, size and SHA-256 of what it left."""

    name: str
    tool: str
    size: int
    digest: str


@dataclass(frozen=True)
class Admitted:
    """A module that may go to devices, or a marker with the file that it names (``jit.programs``).

    Only ``admit`` here and in ``wholes`` make one; ``install`` takes nothing else.
    """

    manifest: Manifest
    module: bytes
    artifact: bytes
    log: tuple[Step, ...]
    program: bytes = b""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the device artifact."""
        return hashlib.sha256(self.artifact).digest()

    def transform_log(self) -> dict[str, Any]:
        """The derivation as plain data: no times, no paths, so equal derivations have equal logs."""
        header = self.manifest.component
        return {"name": header.name, "revision": header.revision, "steps": [vars(step) for step in self.log]}


def admit(module: bytes, manifest: Manifest, target: Target | None = None, progress: Progress | None = None) -> Admitted:
    """A device artifact from a core module or a component. Raises AdmissionError, or BuildError when a tool is missing.

    Takes a few hundred milliseconds and starts child processes: call it in a thread from a coroutine.
    """
    try:
        return _Admission(manifest, target or Target(), progress or (lambda *_: None)).run(module)
    except AdmissionError as error:
        error.component = manifest.component.name
        raise


class _Admission:
    def __init__(self, manifest: Manifest, target: Target, progress: Progress) -> None:
        self.manifest = manifest
        self.target = target
        self.log: list[Step] = []
        self.tools: tuple[tools.Tool, ...] = ()
        # What the device calls by itself.
        self.own: tuple[tools.Tool, ...] = ()
        self.world: World | None = None
        self.imports: tuple[Function, ...] = ()
        self.offered: contract.Imports = {}
        self._progress = progress
        self._step = 0

    def run(self, module: bytes) -> Admitted:
        self._note("input", "author", module)
        decoded = self._check(module)
        decoded = self._transform(decoded)
        self._begin("re-validate")
        # Flattening writes code out: what was small enough may no longer be.
        caps.check_size(decoded.data, self.target.caps)
        features.check_valid(decoded.data)
        caps.check_caps(decoded, self.target.caps, self.manifest.limits.memory)
        flatness.check_flat(decoded)
        contract.check_exports(decoded, self.tools + self.own)
        self._note("re-validate", "wasmtime " + version("wasmtime"), decoded.data)
        self._begin("straight")
        straight.check_straight(decoded)
        self._begin("smoke run")
        calls = smoke_run(decoded, self.tools + self.own, self.manifest.limits, self.offered, self._kept_imports(decoded))
        self._note("smoke run", f"{_SELF}, {calls} calls", decoded.data)
        self._begin("package")
        exports = [contract.export_name(decoded, tool) for tool in self.tools]
        packed = artifact.encode(self.manifest, self.tools, exports, decoded.data, *self._services(decoded))
        caps.check_budget(len(packed), self.manifest.limits, self.target.ram)
        self._note("package", _SELF, packed)
        return Admitted(self.manifest, decoded.data, packed, tuple(self.log))

    def _check(self, module: bytes) -> Module:
        self._begin("size")
        caps.check_size(module, self.target.caps)
        self._begin("validate")
        module = self._core(module)
        self._begin("profile")
        decoded = features.decode_profile(module)
        self._begin("caps")
        caps.check_caps(decoded, self.target.caps, self.manifest.limits.memory)
        self._begin("contract")
        told = tools.embedded(decoded)
        self.world = tools.world_of(self.manifest, told) if self.manifest.component.wit else None
        self.imports = imported.functions(decoded, self.manifest, self.world, self.target.imports)
        self.offered = {**self.target.imports, **imported.signatures(self.imports)}
        contract.check_imports(decoded, self.offered)
        self.tools = tools.of(self.manifest, told)
        self.own = tools.of_services(self.manifest, told)
        contract.check_exports(decoded, self.tools + self.own)
        return decoded

    def _core(self, module: bytes) -> bytes:
        """The core module: what is given, or what a component has inside."""
        if not componentfile.is_component(module):
            features.check_format(module)
            features.check_valid(module)
            self._begin("conformance")
            return module
        core = componentfile.unbundle(module)
        features.check_valid(core)
        self._begin("conformance")
        told = tools.embedded(wasmfile.Module(core, wasmfile.sections(core)))
        conformance.check(module, tools.world_of(self.manifest, told))
        self._note("unbundle", _SELF, core)
        return core

    def _transform(self, decoded: Module) -> Module:
        self._begin("normalise")
        # Exports nobody calls go first, so that binaryen drops the code behind them.
        result, passes = normalise.normalise(self._trimmed(decoded))
        self._note("normalise", " ".join([normalise.version(normalise.tool()), *passes]), result)
        self._begin("clamp")
        result = self._trimmed(features.decode_profile(result))
        self._note("clamp", _SELF, result)
        return features.decode_profile(result)

    def _trimmed(self, decoded: Module) -> bytes:
        return rewrite.trim(
            decoded, contract.kept_exports(decoded, self.tools + self.own), -(-self.manifest.limits.memory // PAGE)
        )

    def _services(self, decoded: Module) -> tuple[list[Function], dict[int, Any] | None]:
        """Functions besides the tools, under the module's names for them; and artifact field 9."""
        exports = {tool.function: contract.export_name(decoded, tool) for tool in self.own}
        named = [artifact.renamed(function, export) for function, export in exports.items()]
        found = services.of(self.manifest, self.world)
        names = {tool.function.name: tool.name for tool in self.tools}
        return [*named, *self._kept_imports(decoded)], found.encode(self.manifest, names, exports.__getitem__)

    def _kept_imports(self, decoded: Module) -> list[Function]:
        """Those that are still there: dead code may have been all that used one."""
        there = {(item.module, item.name) for item in decoded.imports}
        return [function for function in self.imports if (function.interface, function.name) in there]

    def _begin(self, name: str) -> None:
        self._step += 1
        self._progress(name, self._step, len(STEPS))

    def _note(self, name: str, tool: str, data: bytes) -> None:
        self.log.append(Step(name, tool, len(data), hashlib.sha256(data).hexdigest()))
