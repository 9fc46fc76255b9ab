# SPDX-License-Identifier: Apache-2.0
"""Small modules and manifests for the tests of admission, written in the text format."""

from __future__ import annotations

from pathlib import Path

from wasmtime import wat2wasm

from motet import paths
from motet.components import tools
from motet.components.manifest import Manifest, load, parse
from motet.components.tools import Tool
from motet_core.canonical_types import Types

VOTE = paths.data("examples") / "vote"


def vote_manifest() -> Manifest:
    return load(VOTE)


def vote_tools() -> tuple[Tool, ...]:
    return tools.of(vote_manifest(), (VOTE / "vote.wit").read_text())


def tools_of(contract: Manifest) -> tuple[Tool, ...]:
    """The tools of a manifest that lists their types itself."""
    return tools.of(contract, "")


def signatures(given: tuple[Tool, ...]) -> dict[str, str]:
    """Core signatures by tool name."""
    types = Types(tools.describe(given))
    return {tool.name: tools.core_signature(types, tool.function.core_name) for tool in given}


def manifest(*tools: str, limits: str = "", revision: int = 1) -> Manifest:
    """A manifest from short tool lines such as ``run(u32,u8)->u32``; no ``->`` means no result."""
    text = f'[component]\nname = "probe"\nrevision = {revision}\ndescription = "a probe"\n[limits]\n{limits}\n'
    return parse(text + "".join(_tool(line) for line in tools or ("run()",)))


def _tool(line: str) -> str:
    head, _, result = line.partition("->")
    name, _, inside = head.partition("(")
    types = [t for t in inside.rstrip(") ").split(",") if t]
    params = ", ".join(f'{{ name = "p{n}", type = "{t}" }}' for n, t in enumerate(types))
    body = f'[[tool]]\nname = "{name}"\ndescription = "does {name}"\nparams = [{params}]\n'
    if "+" in result:
        fields = ", ".join(f'{{ name = "f{n}", type = "{t}" }}' for n, t in enumerate(result.split("+")))
        return body + f'result = {{ type = "record", fields = [{fields}] }}\n'
    return body + (f'result = {{ type = "{result}" }}\n' if result else "")


def wat(body: str) -> bytes:
    """A module from the inside of ``(module ...)``."""
    return bytes(wat2wasm(f"(module {body})"))


RUN = '(func (export "run"))'

# Valid, and as it stands it makes the device engine write far outside its stack: a float carried by a conditional branch.
HARMFUL = """(func (export "run") (param i32) (result f64)
  (block (result f64)
    (if (result i32) (local.get 0)
      (then (br_if 1 (f64.const 5) (local.get 0)) (drop) (return (f64.const 4)))
      (else (i32.const 0)))
    (drop) (f64.const 2)))"""


def component_folder(folder: Path, module: bytes, text: str) -> Path:
    """A folder as an author would hand it over: module and manifest."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "probe.wasm").write_bytes(module)
    (folder / "Component.toml").write_text(text)
    return folder
