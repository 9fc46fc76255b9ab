# SPDX-License-Identifier: Apache-2.0
"""Packages: what `install FILE` accepts, how it is built, and how it travels to the gateway."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from component_modules import RUN, VOTE, component_folder, vote_manifest, wat

from motet.components import build, normalise
from motet.components.admission import Admitted
from motet.components.errors import AdmissionError, BuildError, ComponentError, ManifestError
from motet.components.manifest import load
from motet.components.packages import PackageError, accept, from_upload, read
from motet.models import ModelError

PROBE = '[component]\nname = "probe"\nrevision = 3\ndescription = "d"\n[[tool]]\nname = "run"\ndescription = "d"\n'


def test_a_folder_with_sources_is_built_and_admitted() -> None:
    admitted = accept(read(VOTE))
    assert isinstance(admitted, Admitted)
    assert admitted.manifest == vote_manifest()


def test_building_twice_gives_the_same_module() -> None:
    assert build.compile_module(VOTE, vote_manifest()) == build.compile_module(VOTE, vote_manifest())


def test_a_module_with_its_manifest_beside_it_is_taken_as_it_is(tmp_path: Path) -> None:
    folder = component_folder(tmp_path / "c", wat(RUN), PROBE)
    for path in (folder, folder / "probe.wasm"):
        package = read(path)
        assert (package.name, package.revision, package.content) == ("probe", 3, wat(RUN))


def test_a_module_older_than_its_sources_is_built_again(tmp_path: Path) -> None:
    folder = component_folder(tmp_path / "c", b"stale", PROBE + '[build]\nsources = ["probe.c"]\n')
    (folder / "probe.c").write_text('__attribute__((export_name("run"))) void run(void) {}\n')
    os.utime(folder / "probe.wasm", (1, 1))
    assert read(folder).content.startswith(b"\0asm")
    os.utime(folder / "probe.c", (0, 0))
    assert read(folder).content == b"stale"


def test_a_package_survives_the_way_to_the_gateway() -> None:
    package = read(VOTE)
    assert from_upload(json.loads(json.dumps(package.upload()))) == package


def test_a_compiler_error_is_shown_in_the_compilers_words(tmp_path: Path) -> None:
    folder = component_folder(tmp_path / "c", b"", PROBE + '[build]\nsources = ["probe.c"]\n')
    (folder / "probe.c").write_text("int x = ;\n")
    with pytest.raises(BuildError, match=r"probe\.c:1:9: error"):
        build.compile_module(folder, load(folder))


def test_a_missing_source_is_named(tmp_path: Path) -> None:
    folder = component_folder(tmp_path / "c", b"", PROBE + '[build]\nsources = ["gone.c"]\n')
    (folder / "probe.wasm").unlink()
    with pytest.raises(BuildError, match=r"build\.sources: gone\.c"):
        read(folder)


def test_a_folder_with_neither_module_nor_sources_says_so(tmp_path: Path) -> None:
    folder = component_folder(tmp_path / "c", b"", PROBE)
    (folder / "probe.wasm").unlink()
    with pytest.raises(BuildError, match=r"neither probe\.wasm nor a \[build\] section"):
        read(folder)


def test_without_a_compiler_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="apt-get install clang-14 lld-14"):
        build.compiler()


def test_without_binaryen_the_package_to_install_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="apt-get install binaryen"):
        normalise.normalise(wat(RUN))


def test_the_build_command_writes_the_module(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main([str(VOTE), "-o", str(tmp_path / "vote.wasm")]) == 0
    assert (tmp_path / "vote.wasm").read_bytes() == build.compile_module(VOTE, vote_manifest())
    assert "bytes" in capsys.readouterr().out


def test_the_build_command_fails_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main([str(tmp_path)]) == 1
    assert "Component.toml" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a.txt", "a.elf", "noextension"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(PackageError, match=r"expected a \.tflite model, a \.wasm module or a component's folder"):
        read(tmp_path / name)


@pytest.mark.parametrize("name", ["gone.wasm", "gone.tflite", "gone"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "Component.toml").write_text(PROBE)
    with pytest.raises(ComponentError, match="gone"):
        read(tmp_path / name)


def test_a_missing_module_is_told_before_its_manifest_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"gone\.wasm: no such file"):
        read(tmp_path / "gone.wasm")


def test_a_file_larger_than_any_device_takes_is_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / "huge.tflite").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(PackageError, match=r"huge\.tflite: more than 524288 bytes"):
        read(tmp_path / "huge.tflite")


def test_a_refusal_quotes_little_of_what_it_refuses() -> None:
    with pytest.raises(PackageError) as caught:
        from_upload({"kind": "x" * 100_000})
    assert len(str(caught.value)) < 200


def test_a_wasm_without_a_manifest_says_what_belongs_beside_it(tmp_path: Path) -> None:
    (tmp_path / "x.wasm").write_bytes(wat(RUN))
    with pytest.raises(ManifestError, match=r"Component\.toml"):
        read(tmp_path / "x.wasm")


def test_name_and_revision_are_for_models_only() -> None:
    with pytest.raises(PackageError, match="stand in its Component"):
        read(VOTE, name="other")


def test_a_models_name_must_fit_a_tool_argument(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a model's name"):
        read(tmp_path / "My Model.tflite")


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (None, "kind"),
        ([], "kind"),
        ({}, "kind"),
        ({"kind": "firmware", "content": ""}, "firmware"),
        ({"kind": "component", "content": ""}, "manifest: Field required"),
        ({"kind": "component", "manifest": PROBE, "content": "?"}, "content: not base64"),
        ({"kind": "component", "manifest": PROBE, "content": "é"}, "content: not base64"),
        ({"kind": "component", "manifest": "\ud800", "content": ""}, "manifest"),
        ({"kind": "component", "manifest": PROBE, "content": 5}, "content"),
        ({"kind": "component", "manifest": PROBE, "content": "", "path": "/etc"}, "path"),
        ({"kind": "component", "manifest": PROBE, "content": "A" * 800_000}, "content"),
        ({"kind": "component", "manifest": "x" * 70_000, "content": ""}, "manifest"),
        ({"kind": "model", "content": ""}, "name"),
        ({"kind": "model", "name": "m", "revision": -1, "content": ""}, "revision"),
    ],
)
def test_an_upload_that_is_none_is_refused_naming_the_field(upload: object, words: str) -> None:
    with pytest.raises(PackageError) as caught:
        from_upload(upload)
    assert words in str(caught.value)


def test_an_upload_with_a_broken_manifest_is_refused_by_key() -> None:
    with pytest.raises(ManifestError, match=r"component\.revision"):
        from_upload({"kind": "component", "manifest": PROBE.replace("3", '"3"'), "content": ""})


def test_a_refused_module_is_refused_wherever_it_came_from(tmp_path: Path) -> None:
    with pytest.raises(AdmissionError, match="format"):
        accept(read(component_folder(tmp_path / "c", b"MZ", PROBE)))
