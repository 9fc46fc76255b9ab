# SPDX-License-Identifier: Apache-2.0
"""The contract packages that come with Motet, and contracts that refer to them."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from tests.support.tooling import wasm_tools
from wasmtime import wat2wasm

from motet import paths
from motet.components import artifact, descriptor, tools, wit, witlibrary, witpackages
from motet.components.admission import admit
from motet.components.errors import AdmissionError
from motet.components.manifest import parse
from motet.components.witlexer import WitError
from motet.components.wittypes import Record
from motet_core.canonical_types import Types

CONTRACT = """package my:watch@0.1.0;
world watch {
  import motet:device/log@0.1.0;
  import motet:device/sensors@0.1.0;
  import motet:nn/inference@0.1.0;
  export motet:component/lifecycle@0.1.0;
  /// Looks.
  export look: func() -> u32;
}
"""
PACKAGES = sorted({witlibrary.unversioned(document.package) for document in witlibrary.documents()})


def test_a_contract_imports_what_devices_offer() -> None:
    world = wit.load(CONTRACT)
    names = [function.core_name for function in world.imports]
    assert names[0] == "motet:device/log@0.1.0#write" and "motet:nn/inference@0.1.0#run" in names
    assert [f.name for f in world.exports if not witpackages.is_service(f)] == ["look"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("import motet:device/log@0.2.0;", "no interface 'motet:device/log@0.2.0'"),
        ("import motet:device/telephone@0.1.0;", "no interface"),
        ("import motet:device/log;", "no interface"),
    ],
)
def test_what_devices_do_not_offer_is_refused_with_its_line(line: str, said: str) -> None:
    with pytest.raises(WitError, match=said) as caught:
        wit.load(f"package a:b;\nworld w {{\n{line}\n}}", "w.wit")
    assert caught.value.line == 3


def test_nobody_says_anew_what_a_package_of_motet_means() -> None:
    for version in ("", "@0.1.0", "@7.0.0"):
        with pytest.raises(WitError, match="comes with Motet"):
            wit.load(f"package motet:device{version}; interface log {{ write: func(); }} world w {{ import log; }}")
        with pytest.raises(WitError, match="comes with Motet"):
            wit.load("package a:b; world w {}", others=[(f"package motet:nn{version};", "mine.wit")])


@pytest.mark.parametrize("package", PACKAGES)
def test_every_function_fits_a_device_and_everything_is_explained(package: str) -> None:
    for interface in witpackages.interfaces(package):
        assert interface.docs, interface.path
        Types(descriptor.encode(interface.functions))
        for function in interface.functions:
            assert function.docs.endswith("."), function.core_name


def test_every_capability_says_what_can_be_granted() -> None:
    offered = witpackages.offered()
    assert len(offered) == 9
    for interface in offered.values():
        assert isinstance(dict(interface.types)["limits"], Record), interface.path


WASI = """package my:tool@0.1.0;
world tool {
  import wasi:clocks/wall-clock@0.2.0;
  import motet:device/log@0.1.0;
  export wasi:cli/run@0.2.0;
  /// Looks.
  export look: func() -> u32;
}
"""


def test_a_world_with_wasi_is_for_gateways_and_says_so() -> None:
    world = wit.load(WASI)
    assert world.wasi == ("wasi:clocks/wall-clock@0.2.0", "wasi:cli/run@0.2.0")
    assert [f.name for f in world.exports] == ["look"] and [f.name for f in world.imports] == ["write"]
    assert wit.load(CONTRACT).wasi == ()
    manifest = parse('[component]\nname = "tool"\nrevision = 1\ndescription = "d"\nwit = "tool.wit"\n')
    with pytest.raises(AdmissionError, match=r"wasi:cli/run@0\.2\.0: WASI is for components on a gateway only") as caught:
        tools.of(manifest, WASI)
    assert caught.value.rule == "imports"


def test_a_module_with_wasi_is_refused_whatever_its_contract_says() -> None:
    contract = "package a:b; world w { /// Runs.\n export run: func() -> u32; }"
    body = """(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
      (func (export "run") (result i32) i32.const 1))"""
    manifest = parse('[component]\nname = "tool"\nrevision = 1\ndescription = "d"\nwit = "tool.wit"\n')
    with pytest.raises(AdmissionError, match="WASI is there for components on a gateway only") as caught:
        admit(tools.embed(bytes(wat2wasm(body)), contract), manifest)
    assert caught.value.rule == "imports" and "fd_write" in caught.value.where


def test_an_import_that_the_manifest_does_not_want_is_refused_by_name() -> None:
    contract = "package a:b; world w { import motet:device/clock@0.1.0; /// Runs.\n export run: func() -> u64; }"
    body = """(module (import "motet:device/clock@0.1.0" "monotonic" (func $now (result {result})))
      (func (export "run") (result i64) {work}))"""
    head = '[component]\nname = "tool"\nrevision = 1\ndescription = "d"\nwit = "tool.wit"\n'
    good = tools.embed(bytes(wat2wasm(body.format(result="i64", work="call $now"))), contract)
    with pytest.raises(AdmissionError, match="add 'clock' to \\[capabilities\\]") as caught:
        admit(good, parse(head))
    assert caught.value.rule == "capabilities"
    admitted = admit(good, parse(head + "[capabilities]\nclock = {}\n"))
    assert "motet:device/clock@0.1.0#monotonic" in Types(artifact.decode(admitted.artifact)["types"]).functions
    wrong = tools.embed(bytes(wat2wasm(body.format(result="i32", work="(i64.extend_i32_u (call $now))"))), contract)
    with pytest.raises(AdmissionError, match="devices offer I") as caught:
        admit(wrong, parse(head + "[capabilities]\nclock = {}\n"))
    assert caught.value.rule == "imports"


def test_files_are_found_with_the_package_that_their_folder_names() -> None:
    for folder in (one for one in paths.data("wit").iterdir() if one.is_dir()):
        texts = [file.read_text("utf-8") for file in folder.glob("*.wit")]
        # In one file only: the tools of the Component Model take no second licence before a second one.
        named = [found[1] for text in texts if (found := re.search(r"(?m)^package motet:([a-z]+)@0\.1\.0;$", text))]
        assert named == ([folder.name] if texts else []), folder
        assert {document.package for document in witlibrary.read_folder(folder)} <= {f"motet:{folder.name}@0.1.0"}


def test_the_tools_of_the_component_model_read_all_packages() -> None:
    tool = wasm_tools()
    if tool is None:
        pytest.skip("wasm-tools is not there: run tools/fetch.py wasm-tools")
    with tempfile.TemporaryDirectory() as scratch:
        for package in ("device", "nn", "component"):
            shutil.copytree(paths.data("wit") / package, Path(scratch) / "deps" / package)
        shutil.copy(paths.data("wit") / "examples/examples.wit", scratch)
        done = subprocess.run([tool, "component", "wit", scratch], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "interface statistics" in done.stdout
