# SPDX-License-Identifier: Apache-2.0
"""What admission packs, the device core takes: installed through its artifact methods, called through its own host."""

from __future__ import annotations

import asyncio
from typing import Any

import jsonschema
import pytest
from component_modules import VOTE, manifest, tools_of, wat

from motet import paths
from motet.components import tools
from motet.components.admission import Admitted, admit
from motet.components.install import Installed, install
from motet.components.packages import accept, read
from motet.components.valuetypes import LAYOUTS
from motet_core.artifact import Artifacts
from motet_core.canonical_types import Types
from motet_core.components import Components
from motet_core.errors import Refused, ToolError
from motet_core.supervisor import Supervisor
from motet_core.wire import packed

Json = dict[str, Any]


class Core:
    """The artifact methods and the tools of one device, with the wire's packing in between and nothing else."""

    def __init__(self, limit: int = 512) -> None:
        self.supervisor = Supervisor(lambda key: None)
        self._methods = Artifacts(self.supervisor, limit, 8192, self._changed).methods()
        self.changes = 0

    async def _changed(self) -> None:
        self.changes += 1

    async def call(self, device: str, method: str, params: Json, timeout: float) -> Any:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        received, _ = packed.loads(packed.dumps(message, "gateway", 5), binary=True)
        result = await self._methods[method](received["params"], None)
        answer, _ = packed.loads(packed.dumps({"jsonrpc": "2.0", "id": 1, "result": result}))
        return answer["result"]

    def install(self, item: Any) -> Installed:
        return asyncio.run(install(self, "board1", item))

    def tool(self, name: str, **arguments: Any) -> Any:
        class Request:
            cancelled = False
            key = 1

        return asyncio.run(self.supervisor.call(name, arguments, Request()))[0]


@pytest.fixture(scope="module")
def vote() -> Any:
    return accept(read(VOTE))


@pytest.fixture
def core(vote: Any) -> Core:
    core = Core()
    core.install(vote)
    return core


def test_the_tools_of_a_component_appear_with_its_installation(core: Core) -> None:
    assert core.supervisor.names() == ["vote.configure", "vote.push", "vote.reset"]
    assert core.changes == 1


def test_a_record_is_lifted_from_memory(core: Core) -> None:
    assert [core.tool("vote.push", label=label) for label in (3, 3, 8)][-1] == {"label": 3, "votes": 2, "window": 3}


def test_a_scalar_and_no_result_are_lifted_too(core: Core) -> None:
    assert core.tool("vote.configure", window=4) == {"result": 4}
    assert core.tool("vote.reset") is None


def test_results_match_the_output_schema_of_the_artifact(core: Core) -> None:
    entry = packed.unpack(core.supervisor.entry("vote.push"))
    jsonschema.validate(core.tool("vote.push", label=1), entry["outputSchema"])


@pytest.mark.parametrize("limit", [128, 512, 4096])
def test_it_arrives_whole_whatever_the_block_size(vote: Any, limit: int) -> None:
    core = Core(limit)
    assert core.install(vote).sent
    assert core.install(vote).sent is False
    assert core.tool("vote.push", label=2**32 - 1)["label"] == 2**32 - 1


def test_a_new_revision_takes_the_place_of_the_old(core: Core, vote: Admitted) -> None:
    core.tool("vote.push", label=1)
    newer = read(VOTE)
    text = newer.manifest.replace("revision = 1", "revision = 2")
    from_newer = accept(type(newer)(newer.kind, newer.name, 2, newer.content, text))
    assert core.install(from_newer).revision == 2
    assert core.tool("vote.push", label=5)["window"] == 1


LINES = {
    "bool": "(i32.const 1)",
    "u8": "(i32.const 200)",
    "s8": "(i32.const -100)",
    "u16": "(i32.const 60000)",
    "s16": "(i32.const -30000)",
    "u32": "(i32.const -1)",
    "s32": "(i32.const -2147483648)",
    "u64": "(i64.const -1)",
    "s64": "(i64.const -9223372036854775808)",
    "f32": "(f32.const 0.5)",
    "f64": "(f64.const -0.1)",
}
VALUES = [True, 200, -100, 60000, -30000, 2**32 - 1, -(2**31), 2**64 - 1, -(2**63), 0.5, -0.1]
CORE_TYPES = {"u64": "i64", "s64": "i64", "f32": "f32", "f64": "f64"}


@pytest.mark.parametrize(("kind", "value"), list(zip(LINES, VALUES, strict=True)))
def test_every_type_comes_back_as_it_was_meant(kind: str, value: bool | int | float) -> None:
    core_type = CORE_TYPES.get(kind, "i32")
    body = f'(func (export "give") (result {core_type}) {LINES[kind]})'
    echo = f'(func (export "echo") (param {core_type}) (result {core_type}) (local.get 0))'
    core = Core()
    core.install(admit(wat(body + echo), manifest(f"give()->{kind}", f"echo({kind})->{kind}")))
    assert core.tool("probe.give") == {"result": value}
    assert core.tool("probe.echo", p0=value) == {"result": value}


STORES = {1: "i32.store8", 2: "i32.store16", 4: "i32.store", 8: "i64.store"}


def test_a_record_of_every_type_is_laid_out_as_both_ends_think() -> None:
    contract = manifest("all()->" + "+".join(LINES))
    result = Types(tools.describe(tools_of(contract))).functions["all"].result
    places = [offset for _, _, offset in result.members]
    stores = ""
    for kind, at in zip(LINES, places, strict=True):
        store = f"{kind}.store" if kind in ("f32", "f64") else STORES[LAYOUTS[kind].size]
        stores += f"({store} (i32.const {64 + at}) {LINES[kind]}) "
    body = f'(memory (export "memory") 1) (func (export "all") (result i32) {stores} (i32.const 64))'
    core = Core()
    core.install(admit(wat(body), contract))
    assert list(core.tool("probe.all").values()) == VALUES


def test_a_runaway_call_ends_as_a_tool_error_and_the_next_one_is_answered() -> None:
    # Endless for 9 and more, which the small arguments of the smoke run do not reach.
    loop = "(loop (global.set $n (local.get 0)) (br_if 0 (i32.gt_u (global.get $n) (i32.const 8))))"
    spin = f'(global $n (mut i32) (i32.const 0)) (func (export "spin") (param i32) {loop})'
    core = Core()
    core.install(admit(wat(spin), manifest("spin(u32)", limits="fuel = 500")))
    with pytest.raises(ToolError, match="out of fuel after 500"):
        core.tool("probe.spin", p0=9)
    assert core.tool("probe.spin", p0=0) is None


def test_a_model_goes_the_same_way_and_classifies(core: Core) -> None:
    core.install(accept(read(paths.data("models") / "digits" / "digits.tflite")))
    assert "models.predict" in core.supervisor.names()
    answer = core.tool("models.predict", model="digits", input=[0] * 64)
    assert answer["class"] in range(10)
    assert len(answer["outputs"][0]) == 10


def test_a_damaged_artifact_is_refused_by_the_core(vote: Admitted) -> None:
    with pytest.raises(Refused):
        Components().load("vote", 1, vote.artifact[:-1])
