# SPDX-License-Identifier: Apache-2.0
"""The tools of a component: exported functions with their types and what agents are told of them.

Types come from the component's WIT, which travels inside the module as a custom section, or from an older manifest that lists
them itself. What agents are told comes from doc comments; the manifest may say it better, and may narrow numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from motet.components import descriptor, services, wit, witschema
from motet.components.errors import AdmissionError
from motet.components.manifest import Manifest
from motet.components.manifest import Tool as TypedTool
from motet.components.rewrite import custom, leb
from motet.components.tooltext import Narrowing, ToolText
from motet.components.wasmfile import CUSTOM, Module
from motet.components.witpackages import is_service
from motet.components.wittypes import Function, Member, Primitive, Record, Result, Type, World
from motet_core.canonical_types import Types
from motet_core.errors import Refused

# The custom section with the text of the contract.
SECTION = "motet:wit"
MAX_DESCRIPTION = 300


@dataclass(frozen=True)
class Tool:
    """One tool: the name behind the device's, its function, and narrower ranges by parameter."""

    name: str
    function: Function
    description: str
    narrow: Mapping[str, Narrowing] = field(default_factory=dict)
    result_docs: str = ""
    # The function that goes on with what a call has begun, where the work is done in steps.
    step: Function | None = None

    @property
    def value(self) -> Type | None:
        """What a call that succeeds returns: of a ``result`` its ok, of work in steps what the last one gives."""
        if self.step is not None:
            return services.outcome(self.step)
        kind = self.function.result
        return kind.ok if isinstance(kind, Result) else kind

    def input_schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments."""
        body = witschema.fields(self.function.params)
        for name, narrowing in self.narrow.items():
            body["properties"][name] |= narrowing.said()
        return body

    def output_schema(self) -> dict[str, Any] | None:
        """JSON Schema of the structured result; what is no record stands under "result"."""
        kind = self.value
        if kind is None:
            return None
        if isinstance(kind, Record):
            return witschema.of(kind, "", given=False)
        body = witschema.of(kind, self.result_docs, given=False)
        return {"type": "object", "properties": {"result": body}, "required": ["result"]}


def of(manifest: Manifest, contract: str) -> tuple[Tool, ...]:
    """The tools of a component whose module carries ``contract``. Raises AdmissionError or WitError."""
    header = manifest.component
    if not header.wit:
        return tuple(_typed(manifest, tool) for tool in manifest.tool)
    world = world_of(manifest, contract)
    own = services.of(manifest, world)
    exports = [function for function in world.exports if not is_service(function) and function.name not in own.named]
    if not exports and own.functions():
        return ()
    texts = {function.name: ToolText(name=function.name) for function in exports} | manifest.texts
    unknown = texts.keys() - {function.name for function in exports}
    if unknown:
        raise AdmissionError("wit", f"{header.wit} exports no function {min(unknown)!r}, which the manifest describes")
    found = tuple(_tool(manifest, function, texts[function.name]) for function in _distinct(exports))
    return tuple(_stepping(tool, manifest, own) if tool.function.name in manifest.steps else tool for tool in found)


def of_services(manifest: Manifest, contract: str) -> tuple[Tool, ...]:
    """The functions that the device calls by itself, as tools that nobody is told of. Raises AdmissionError or WitError."""
    world = world_of(manifest, contract) if manifest.component.wit else None
    return tuple(Tool(function.name, function, "") for function in services.of(manifest, world).functions())


def _stepping(tool: Tool, manifest: Manifest, own: services.Services) -> Tool:
    kind = tool.function.result
    if kind is not None and not (isinstance(kind, Result) and kind.ok is None):
        raise AdmissionError(services.RULE, f"{tool.function.name} begins work in steps: it returns nothing, or result<_, E>")
    return replace(tool, step=own.named[manifest.steps[tool.function.name].step])


def world_of(manifest: Manifest, contract: str) -> World:
    """The world that the manifest names, in the contract that a module carries. Raises AdmissionError or WitError."""
    header = manifest.component
    if not header.wit:
        raise AdmissionError("wit", "a component needs its contract: name its file as component.wit in the manifest")
    if not contract:
        raise AdmissionError("wit", f"the module carries no contract, but the manifest names {header.wit}: install its folder")
    world = wit.load(contract, header.wit, header.world)
    if world.wasi and not manifest.gateway_only:
        reason = f"the world {world.name} has {', '.join(world.wasi)}: WASI is for components on a gateway only"
        raise AdmissionError("imports", f"{reason}; devices offer the interfaces of motet:device")
    return world


def describe(tools: Iterable[Tool]) -> bytes:
    """The type descriptor of all tools. Raises AdmissionError for types that no device takes."""
    functions: dict[str, Function] = {}
    try:
        for tool in tools:
            first = functions.setdefault(tool.function.core_name, tool.function)
            # A device has one type for a function, by whatever names agents call it.
            if first is not tool.function and descriptor.encode([first]) != descriptor.encode([tool.function]):
                raise AdmissionError("exports", "two tools call it with different parameters", f"export {first.core_name}")
        data = descriptor.encode(functions.values())
        Types(data)
    except Refused as error:
        raise AdmissionError("types", str(error)) from None
    return data


def core_signature(types: Types, name: str) -> str:
    """The core type of an export in the engine's notation, for example ``i(iF)``."""
    function = types.functions[name]
    result = function.result
    returns = "v" if result is None else "i" if function.behind else result.core
    return f"{returns}({'i' if function.spilled else function.params.core})"


def embed(module: bytes, contract: str) -> bytes:
    """The module with a contract in it."""
    return module + custom(SECTION, contract.encode())


def embedded(module: Module) -> str:
    """The contract in a module, empty when there is none. The last one counts. Raises AdmissionError."""
    head = leb(len(SECTION)) + SECTION.encode()
    found = [bytes(module.data[part.start : part.end]) for part in module.sections if part.id == CUSTOM]
    texts = [body[len(head) :] for body in found if body.startswith(head)]
    try:
        return texts[-1].decode() if texts else ""
    except UnicodeDecodeError as error:
        raise AdmissionError("wit", f"the contract is not UTF-8 text (byte {error.start})") from None


def _distinct(functions: Iterable[Function]) -> list[Function]:
    seen: dict[str, Function] = {}
    for function in functions:
        if function.name in seen:
            both = f"{seen[function.name].interface or 'the world'} and {function.interface or 'the world'}"
            raise AdmissionError("wit", f"two exports become the tool {function.name!r}: those of {both}")
        seen[function.name] = function
    if not seen:
        raise AdmissionError("wit", "the world exports no function, so there are no tools")
    return list(seen.values())


def _tool(manifest: Manifest, function: Function, text: ToolText) -> Tool:
    try:
        name = manifest.full_name(function.name)
    except ValueError as error:
        raise AdmissionError("wit", str(error)) from None
    said = text.description or witschema.one_line(function.docs)
    if not said:
        raise AdmissionError("wit", f"{function.name} has no doc comment: agents would not know what it is for")
    params = {param.name: param for param in function.params}
    for param, narrowing in text.params.items():
        if param not in params:
            raise AdmissionError("wit", f"{function.name} has no parameter {param!r}, which the manifest narrows")
        narrowing.check(f"{function.name}: {param}", params[param].type)
    return Tool(name, function, _cut(said), text.params)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_DESCRIPTION else text[: MAX_DESCRIPTION - 1].rsplit(" ", 1)[0] + "…"


def _typed(manifest: Manifest, tool: TypedTool) -> Tool:
    """A tool whose types stand in the manifest."""
    params = tuple(Member(param.name, Primitive(param.type), param.description) for param in tool.params)
    narrow = {p.name: Narrowing(minimum=p.minimum, maximum=p.maximum) for p in tool.params}
    result: Type | None = None
    if tool.result is not None and tool.result.type == "record":
        result = Record(tuple(Member(f.name, Primitive(f.type), f.description) for f in tool.result.fields))
    elif tool.result is not None:
        result = Primitive(tool.result.type)
    docs = tool.result.description if tool.result else ""
    return Tool(manifest.full_name(tool.name), Function(tool.export_name, params, result), tool.description, narrow, docs)
