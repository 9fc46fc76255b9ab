# SPDX-License-Identifier: Apache-2.0
"""The device artifact: its CBOR form, the tools it announces and their JSON Schemas."""

from __future__ import annotations

from typing import Any

import cbor2
import jsonschema
import pytest
from component_modules import VOTE, manifest, tools_of, vote_manifest, vote_tools, wat

from motet.components import artifact
from motet.components.build import compile_module
from motet.components.errors import ManifestError
from motet.components.manifest import parse
from motet_core.canonical_types import Types


def tools(text: str) -> list[dict[str, Any]]:
    return artifact.tool_entries(tools_of(manifest(text)))


def encoded(module: bytes) -> bytes:
    return artifact.encode(vote_manifest(), vote_tools(), ["push", "configure", "reset"], module)


def test_an_artifact_is_one_deterministic_cbor_map() -> None:
    data = encoded(compile_module(VOTE, vote_manifest()))
    body = cbor2.loads(data)
    assert sorted(body) == [0, 1, 2, 3, 4, 5, 6, 7]
    assert (body[0], body[1], body[2], body[6]) == (2, "vote", 1, {0: 1000, 1: 2048, 2: 1024})
    assert cbor2.dumps(body, canonical=True) == data


def test_decoding_gives_back_what_was_encoded() -> None:
    parts = artifact.decode(encoded(b"module"))
    assert parts["module"] == b"module"
    assert parts["tools"] == artifact.tool_entries(vote_tools())
    assert parts["calls"] == [
        ["vote.push", "push", artifact.OBJECT],
        ["vote.configure", "configure", artifact.WRAPPED],
        ["vote.reset", "reset", artifact.NOTHING],
    ]
    assert list(Types(parts["types"]).functions) == ["push", "configure", "reset"]


def test_every_integer_parameter_carries_the_range_of_its_type() -> None:
    properties = tools("run(u8,s16,u32,s64,u64,bool,f32)")[0]["inputSchema"]["properties"]
    ranges = [(p["type"], p.get("minimum"), p.get("maximum")) for p in properties.values()]
    assert ranges == [
        ("integer", 0, 255),
        ("integer", -32768, 32767),
        ("integer", 0, 2**32 - 1),
        ("integer", -(2**63), 2**63 - 1),
        ("integer", 0, 2**64 - 1),
        ("boolean", None, None),
        ("number", None, None),
    ]


def test_a_declared_range_narrows_the_type() -> None:
    configure = artifact.tool_entries(vote_tools())[1]
    window = configure["inputSchema"]["properties"]["window"]
    assert (window["minimum"], window["maximum"]) == (1, 16)


@pytest.mark.parametrize(
    ("arguments", "valid"),
    [({"p0": 5}, True), ({"p0": 256}, False), ({"p0": "5"}, False), ({}, False), ({"p0": 1, "other": 2}, False)],
)
def test_the_input_schema_refuses_wrong_arguments(arguments: dict[str, Any], valid: bool) -> None:
    assert jsonschema.Draft202012Validator(tools("run(u8)")[0]["inputSchema"]).is_valid(arguments) is valid


@pytest.mark.parametrize(
    ("line", "content"),
    [("run()->u32+bool", {"f0": 1, "f1": True}), ("run()->f64", {"result": 0.5})],
)
def test_the_output_schema_describes_the_structured_content(line: str, content: dict[str, Any]) -> None:
    schema = tools(line)[0]["outputSchema"]
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(content, schema)
    assert not jsonschema.Draft202012Validator(schema).is_valid({})


def test_a_tool_without_a_result_has_no_output_schema() -> None:
    assert "outputSchema" not in tools("run()")[0]


def test_names_that_are_dictionary_words_survive_packing() -> None:
    text = '[component]\nname = "name"\nrevision = 1\ndescription = "d"\n[[tool]]\nname = "type"\ndescription = "object"\n'
    contract = parse(text + 'params = [{ name = "type", type = "u8" }, { name = "data", type = "u8", description = "AAAA" }]\n')
    given = tools_of(contract)
    assert artifact.decode(artifact.encode(contract, given, ["type"], wat("")))["tools"] == artifact.tool_entries(given)


def test_descriptions_are_bounded_because_they_live_in_device_memory() -> None:
    with pytest.raises(ManifestError, match=r"tool\[0\]\.description"):
        manifest_text = '[component]\nname = "a"\nrevision = 1\ndescription = "d"\n[[tool]]\nname = "b"\n'
        parse(manifest_text + f'description = "{"x" * 301}"\n')
