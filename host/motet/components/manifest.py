# SPDX-License-Identifier: Apache-2.0
"""``Component.toml``: what a component is, which exports become tools and what it may use."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator, model_validator

from motet.components.errors import ManifestError
from motet.components.manifest_build import Build
from motet.components.manifest_capabilities import Capabilities
from motet.components.manifest_dependencies import Dependencies
from motet.components.manifest_schedule import Tick
from motet.components.manifest_steps import Steps
from motet.components.manifest_supervision import Supervision
from motet.components.tooltext import CONFIG, MAX_TOOL_NAME, Name, Text, ToolText
from motet.components.valuetypes import LAYOUTS, MAX_PARAMS, Primitive
from motet.components.wasi.groups import NAME as WASI

FILE_NAME = "Component.toml"
# The parser of TOML takes time that grows with the square of a dotted key's length, and a key stands in one line.
MAX_LINE = 4096
# Problems told of one manifest; more help nobody.
_TOLD = 10


class _Table(BaseModel):
    model_config = CONFIG


class Value(_Table):
    """A parameter or a record field. ``minimum``/``maximum`` narrow the type's own range."""

    name: Name
    type: Primitive
    description: Text = ""
    minimum: int | float | None = None
    maximum: int | float | None = None

    @model_validator(mode="after")
    def _range(self) -> Self:
        layout, bounds = LAYOUTS[self.type], [b for b in (self.minimum, self.maximum) if b is not None]
        if bounds and self.type == "bool":
            raise ValueError("a bool has no minimum or maximum")
        if not all(layout.accepts(b) for b in bounds):
            raise ValueError(f"minimum and maximum of {self.type} are {layout.accepted}")
        if len(bounds) == 2 and bounds[0] > bounds[1]:
            raise ValueError("minimum is greater than maximum")
        return self


class Result(_Table):
    """What a tool returns: one primitive, or ``record`` with fields in WIT order."""

    type: Primitive | Literal["record"]
    description: Text = ""
    fields: Annotated[list[Value], Field(max_length=32)] = []

    @model_validator(mode="after")
    def _shape(self) -> Self:
        if (self.type == "record") != bool(self.fields):
            raise ValueError("a record has fields, a primitive has none")
        _distinct("field", [field.name for field in self.fields])
        return self


class Tool(_Table):
    """One exported function that becomes an MCP tool named ``<component>.<name>``, with its types, without a WIT."""

    name: Name
    description: Annotated[str, Field(min_length=1, max_length=300)]
    export: Annotated[str, Field(min_length=1, max_length=100)] = ""
    params: Annotated[list[Value], Field(max_length=MAX_PARAMS)] = []
    result: Result | None = None

    @field_validator("params")
    @classmethod
    def _names(cls, params: list[Value]) -> list[Value]:
        _distinct("parameter", [param.name for param in params])
        return params

    @property
    def export_name(self) -> str:
        """The core export; the tool's name unless the manifest says otherwise."""
        return self.export or self.name


class Limits(_Table):
    """What one call may use; the device enforces it."""

    fuel: Annotated[int, Field(ge=1, le=100_000_000)] = 10_000
    memory: Annotated[int, Field(ge=256, le=1 << 20)] = 4096
    stack: Annotated[int, Field(ge=256, le=1 << 16)] = 2048


class Header(_Table):
    """Identity of a component."""

    name: Name
    revision: Annotated[int, Field(ge=0, le=(1 << 32) - 1)]
    description: Annotated[str, Field(min_length=1, max_length=300)]
    wasm: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*\.wasm$")] = ""
    wit: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*\.wit$")] = ""
    world: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]*$", max_length=64)] = ""
    place: Literal["", "gateway"] = ""
    capabilities: Annotated[list[str], Field(max_length=0)] = []


class Manifest(_Table):
    """A whole ``Component.toml``."""

    component: Header
    tool: Annotated[list[Tool], Field(max_length=32, validate_default=True)] = []
    tool_text: Annotated[list[ToolText], Field(max_length=32)] = []
    limits: Limits = Limits()
    capabilities: Capabilities = Capabilities()
    supervision: Supervision | None = None
    schedule: Annotated[list[Tick], Field(max_length=8)] = []
    steps: Annotated[dict[Name, Steps], Field(max_length=8)] = {}
    build: Build | None = None
    dependencies: Dependencies = {}

    @model_validator(mode="before")
    @classmethod
    def _split(cls, data: Any) -> Any:
        """With a contract, [[tool]] only adds to what the contract says."""
        header = data.get("component") if isinstance(data, dict) else None
        if not isinstance(header, dict) or not header.get("wit"):
            return data
        if "tool_text" in data or any(isinstance(tool, dict) and _TYPED & tool.keys() for tool in _list(data.get("tool"))):
            reason = "a [[tool]] may have name, description and [tool.params.NAME]"
            raise ValueError(f"types come from {header['wit']!s:.40}: {reason}")
        return {key: value for key, value in data.items() if key != "tool"} | {"tool_text": data.get("tool", [])}

    @field_validator("tool")
    @classmethod
    def _some(cls, tools: list[Tool], info: ValidationInfo) -> list[Tool]:
        header = info.data.get("component")
        if not tools and header is not None and not header.wit:
            raise ValueError("at least one [[tool]] is needed, or component.wit")
        return tools

    @model_validator(mode="after")
    def _tools(self) -> Self:
        _distinct("tool", [tool.name for tool in self.tool])
        _distinct("tool", [text.name for text in self.tool_text])
        for tool in self.tool:
            self.full_name(tool.name)
        if WASI in self.capabilities.wanted and not self.gateway_only:
            raise ValueError('capabilities.wasi is for components on gateways: say place = "gateway" in [component]')
        return self

    @property
    def texts(self) -> dict[str, ToolText]:
        """What is said of the contract's functions, by name."""
        return {text.name: text for text in self.tool_text}

    @property
    def wasm(self) -> str:
        """File name of the module beside the manifest."""
        return self.component.wasm or f"{self.component.name}.wasm"

    @property
    def gateway_only(self) -> bool:
        """Whether it is for the machines of gateways: the whole component runs there, with an interpreter inside for instance."""
        return self.component.place == "gateway" or (self.build is not None and self.build.language == "python")

    def full_name(self, tool: str) -> str:
        """The name a client sees behind the device's. Raises ValueError when it is too long."""
        full = f"{self.component.name}.{tool}"
        if len(full) > MAX_TOOL_NAME:
            raise ValueError(f"the tool name {full!r} has {len(full)} characters, at most {MAX_TOOL_NAME} fit")
        return full


# What only a [[tool]] without a contract has.
_TYPED = {"export", "result"}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _distinct(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{what} {twice[0]!r} is declared twice")


def _key(location: tuple[int | str, ...]) -> str:
    text = ""
    for part in location:
        part = "tool" if part == "tool_text" else part
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the file"


def _problems(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return f"not TOML: {error}"
    told = [f"{_key(e['loc'])}: {e['msg'].removeprefix('Value error, ')}"[:300] for e in error.errors()]
    more = [f"and {len(told) - _TOLD} more problems"] if len(told) > _TOLD else []
    return "; ".join([*told[:_TOLD], *more])


def parse(text: str, origin: str = FILE_NAME) -> Manifest:
    """A checked manifest from TOML text. Raises ManifestError naming ``origin`` and every wrong key."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            raise ManifestError(f"{origin}: line {number} has {len(line)} characters, at most {MAX_LINE} are accepted")
    try:
        return Manifest.model_validate(tomllib.loads(text))
    except RecursionError:
        raise ManifestError(f"{origin}: values are nested too deeply") from None
    except ValueError as error:
        raise ManifestError(f"{origin}: {_problems(error)}") from None


def load(folder: Path) -> Manifest:
    """The manifest of a component's folder. Raises ManifestError."""
    path = folder / FILE_NAME
    try:
        return parse(path.read_text("utf-8"), str(path))
    except OSError as error:
        raise ManifestError(f"{path}: {error.strerror}: a component is described by {FILE_NAME}") from None
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path}: not UTF-8 text (byte {error.start})") from None
