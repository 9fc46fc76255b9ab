# SPDX-License-Identifier: Apache-2.0
"""A component with text, lists, options and a result: from its WIT to typed tools on the device core."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from test_component_on_core import Core

from motet.components import artifact
from motet.components.admission import Admitted
from motet.components.errors import AdmissionError
from motet.components.packages import Package, accept, read
from motet_core.component import Component
from motet_core.errors import ToolError
from motet_core.wire import packed

ANALYZER = Path(__file__).parents[1] / "support/analyzer"
READING = {"name": "temp", "values": [1.0, 2.0, 4.5]}


@pytest.fixture(scope="module")
def package() -> Package:
    return read(ANALYZER)


@pytest.fixture(scope="module")
def admitted(package: Package) -> Admitted:
    accepted = accept(package)
    assert isinstance(accepted, Admitted)
    return accepted


@pytest.fixture
def core(admitted: Admitted) -> Core:
    core = Core()
    core.install(admitted)
    return core


def test_the_ok_of_a_result_is_the_structured_value_and_fits_its_schema(core: Core) -> None:
    entry = packed.unpack(core.supervisor.entry("lab.analyze"))
    value = core.tool("lab.analyze", reading=READING)
    assert value == {"label": "temp", "count": 3, "mean": 2.5, "min": 1.0, "max": 4.5}
    jsonschema.validate(value, entry["outputSchema"])
    jsonschema.validate({"reading": READING}, entry["inputSchema"])


@pytest.mark.parametrize(
    ("reading", "said"),
    [({"name": "x", "values": []}, '{"tag":"empty"}'), ({"name": "", "values": [1]}, '{"tag":"bad-name","val":""}')],
)
def test_the_error_of_a_result_is_a_tool_error(core: Core, reading: dict[str, Any], said: str) -> None:
    with pytest.raises(ToolError) as caught:
        core.tool("lab.analyze", reading=reading)
    assert str(caught.value) == said
    assert core.tool("lab.analyze", reading=READING)["count"] == 3


def test_text_and_options_come_and_go(core: Core) -> None:
    assert core.tool("lab.mirror", text="größer 日本") == {"result": "größer 日本"}
    assert core.tool("lab.present", a=1.5, c=2) == {"result": 2}
    assert core.tool("lab.present", a=None) == {"result": 0}
    assert core.tool("lab.analyze", reading=READING | {"unit": "volt"})["label"] == "temp"


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        ({"name": "x", "values": [1, "2"]}, "reading.values[1]: expected f32"),
        ({"name": "x"}, "reading.values: is required"),
        ({"name": "x", "values": [], "unit": "metre"}, "reading.unit: expected one of the enum's names"),
        ({"name": "x" * 5000, "values": []}, "reading.name: is longer than the component's memory"),
    ],
)
def test_wrong_arguments_name_their_place_and_cost_no_state(core: Core, reading: dict[str, Any], said: str) -> None:
    with pytest.raises(ToolError) as caught:
        core.tool("lab.analyze", reading=reading)
    assert (str(caught.value), caught.value.kind) == (said, "arguments")


def test_memory_given_for_arguments_is_taken_back_after_each_call(core: Core) -> None:
    for _ in range(100):
        assert core.tool("lab.mirror", text="x" * 200) == {"result": "x" * 200}


def test_more_than_its_arena_traps_the_component_which_starts_again(core: Core) -> None:
    with pytest.raises(ToolError, match="trapped"):
        core.tool("lab.mirror", text="x" * 2000)
    assert core.tool("lab.mirror", text="again") == {"result": "again"}


def test_the_tools_are_described_by_the_contract(admitted: Admitted) -> None:
    parts = artifact.decode(admitted.artifact)
    tools = {tool["name"]: tool for tool in parts["tools"]}
    assert parts["format"] == 2
    assert tools["lab.mirror"]["description"] == "The same text."
    reading = tools["lab.analyze"]["inputSchema"]["properties"]["reading"]
    assert reading["description"] == "What a sensor has seen."
    assert reading["required"] == ["name", "values"]
    for tool in tools.values():
        jsonschema.Draft202012Validator.check_schema(tool["inputSchema"])
        jsonschema.Draft202012Validator.check_schema(tool["outputSchema"])


def refusal(package: Package, **changes: Any) -> str:
    fields = {"content": package.content, "manifest": package.manifest, **changes}
    with pytest.raises(AdmissionError) as caught:
        accept(Package(package.kind, package.name, package.revision, fields["content"], fields["manifest"]))
    return f"{caught.value.rule}: {caught.value.reason}"


def test_a_module_without_its_contract_is_refused(package: Package) -> None:
    bare = package.content[: package.content.index(b"motet:wit") - 4]
    assert "carries no contract" in refusal(package, content=bare)


def test_the_manifest_may_not_contradict_the_contract(package: Package) -> None:
    text = package.manifest
    assert "no function 'other'" in refusal(package, manifest=text + '\n[[tool]]\nname = "other"\n')
    narrow = '\n[[tool]]\nname = "present"\nparams.a = { minimum = 1 }\n'
    assert "it is no number" in refusal(package, manifest=text + narrow)
    assert "no parameter 'z'" in refusal(package, manifest=text + narrow.replace("params.a", "params.z"))


def test_what_breaks_the_contracts_core_types_is_refused(package: Package) -> None:
    other = package.content.replace(b"mirror: func(text: string)", b"mirror: func(text: u8    )")
    assert "has signature i(ii), but the tool 'lab.mirror' needs i(i)" in refusal(package, content=other)


def test_a_call_that_ran_out_of_memory_inside_leaves_nothing_of_its_instance(admitted: Admitted) -> None:
    class Exhausted:
        def apply(self, arguments: dict[str, Any]) -> None:
            raise MemoryError

    component = Component(admitted.artifact)
    call = component.artifact.calls["lab.mirror"]
    call.function = Exhausted()
    with pytest.raises(MemoryError):
        component.call("lab.mirror", {"text": "x"})
    assert call.function is None
    assert component.call("lab.mirror", {"text": "x"}) == ({"result": "x"}, None)
