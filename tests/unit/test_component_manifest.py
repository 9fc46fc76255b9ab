# SPDX-License-Identifier: Apache-2.0
"""Component.toml: what is accepted, and which key an error names."""

from __future__ import annotations

from pathlib import Path

import pytest
from component_modules import manifest, signatures, tools_of, vote_tools

from motet.components.errors import ManifestError
from motet.components.manifest import load, parse

HEAD = '[component]\nname = "probe"\nrevision = 1\ndescription = "d"\n'
TOOL = '[[tool]]\nname = "run"\ndescription = "d"\n'


def refusal(text: str) -> str:
    with pytest.raises(ManifestError) as caught:
        parse(text)
    return str(caught.value)


def test_the_example_is_read_with_core_signatures() -> None:
    assert signatures(vote_tools()) == {"vote.push": "i(i)", "vote.configure": "i(i)", "vote.reset": "v()"}


@pytest.mark.parametrize(
    ("line", "signature"),
    [
        ("run(bool,s8,u16,f32,f64,u64)", "v(iiifFI)"),
        ("run()->u64", "I()"),
        ("run()->f32+f32", "i()"),
    ],
)
def test_parameters_and_results_flatten_as_in_the_canonical_abi(line: str, signature: str) -> None:
    assert signatures(tools_of(manifest(line))) == {"probe.run": signature}


def test_a_record_of_one_field_is_returned_flat() -> None:
    text = HEAD + TOOL + 'result = { type = "record", fields = [{ name = "a", type = "f64" }] }\n'
    assert signatures(tools_of(parse(text))) == {"probe.run": "F()"}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("component", TOOL),
        ("component.name", HEAD.replace("probe", "Probe_1") + TOOL),
        ("component.revision", HEAD.replace("= 1", "= -1") + TOOL),
        ("component.revision", HEAD.replace("= 1", '= "1"') + TOOL),
        ("component.capabilities", HEAD + 'capabilities = ["gpio"]\n' + TOOL),
        ("component.wasm", HEAD + 'wasm = "../x.wasm"\n' + TOOL),
        ("component.colour", HEAD + 'colour = "red"\n' + TOOL),
        ("tool", HEAD),
        ("tool[0].description", HEAD + '[[tool]]\nname = "run"\n'),
        ("tool[1].params[0].type", HEAD + TOOL + TOOL.replace("run", "go") + 'params = [{ name = "a", type = "int" }]\n'),
        ("tool[0].params", HEAD + TOOL + 'params = [{ name = "a", type = "u8" }, { name = "a", type = "u8" }]\n'),
        ("tool[0].params[0]", HEAD + TOOL + 'params = [{ name = "a", type = "u8", maximum = 256 }]\n'),
        ("tool[0].params[0]", HEAD + TOOL + 'params = [{ name = "a", type = "u8", minimum = 9, maximum = 8 }]\n'),
        ("tool[0].params[0]", HEAD + TOOL + 'params = [{ name = "a", type = "u8", minimum = 1.5 }]\n'),
        ("tool[0].params[0]", HEAD + TOOL + 'params = [{ name = "a", type = "bool", minimum = 0 }]\n'),
        ("tool[0].params[0]", HEAD + TOOL + 'params = [{ name = "a", type = "f32", minimum = nan }]\n'),
        ("tool[0].params[0]", HEAD + TOOL + 'params = [{ name = "a", type = "f64", minimum = -inf }]\n'),
        ("tool[0].params[0]", HEAD + TOOL + 'params = [{ name = "a", type = "f32", maximum = 1e39 }]\n'),
        ("tool[0].params[0]", HEAD + TOOL + f'params = [{{ name = "a", type = "f64", maximum = 1{"0" * 30} }}]\n'),
        ("tool[0].params[0]", HEAD + TOOL + f'params = [{{ name = "a", type = "u8", maximum = 1{"0" * 400} }}]\n'),
        ("tool[0].result", HEAD + TOOL + 'result = { type = "record" }\n'),
        ("tool[0].result", HEAD + TOOL + 'result = { type = "u8", fields = [{ name = "a", type = "u8" }] }\n'),
        ("limits.fuel", HEAD + TOOL + "[limits]\nfuel = 0\n"),
        ("limits.memory", HEAD + TOOL + "[limits]\nmemory = 4294967296\n"),
        ("build.sources", HEAD + TOOL + '[build]\nsources = ["../../etc/passwd"]\n'),
        ("build.sources", HEAD + TOOL + '[build]\nsources = ["-fplugin=x.so"]\n'),
        ("build.sources", HEAD + TOOL + "[build]\nsources = []\n"),
    ],
)
def test_an_error_names_the_key(key: str, text: str) -> None:
    assert refusal(text).startswith(f"Component.toml: {key}: ")


def test_every_wrong_key_is_told_at_once() -> None:
    text = refusal(HEAD.replace("= 1", "= -1") + TOOL + "[limits]\nfuel = 0\n")
    assert "component.revision" in text and "limits.fuel" in text


def test_two_tools_of_one_name_are_refused() -> None:
    assert "'run' is declared twice" in refusal(HEAD + TOOL + TOOL)


def test_a_tool_name_too_long_for_mcp_clients_is_refused_with_its_length() -> None:
    text = refusal(HEAD.replace("probe", "a" * 20) + TOOL.replace("run", "b" * 20))
    assert "41 characters, at most 31" in text


def test_text_that_is_not_toml_is_refused_with_line_and_column() -> None:
    assert "line 2" in refusal("[component]\nname = \n")


def test_a_folder_without_a_manifest_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"Component\.toml: No such file"):
        load(tmp_path)


def test_a_manifest_that_is_not_text_is_refused_with_the_byte(tmp_path: Path) -> None:
    (tmp_path / "Component.toml").write_bytes(b"[comp\xff]")
    with pytest.raises(ManifestError, match="byte 5"):
        load(tmp_path)


def test_values_nested_too_deeply_are_refused() -> None:
    assert "nested too deeply" in refusal("a = " + "[\n" * 30_000)


def test_a_line_long_enough_to_hold_up_the_parser_is_refused_unread() -> None:
    assert "line 2 has 60003 characters, at most 4096" in refusal("\n" + ".".join("a" * 30_000) + " = 1\n")


def test_of_very_many_problems_the_first_are_told_and_the_others_counted() -> None:
    text = refusal(HEAD + TOOL + "".join(f"[k{number}]\n" for number in range(2000)))
    assert "and 1990 more problems" in text and len(text) < 4000
