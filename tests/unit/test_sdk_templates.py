# SPDX-License-Identifier: Apache-2.0
"""New components of every template and language: they build, are admitted and pass their own tests; and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from motet.components import build, toolchains
from motet.components.errors import BuildError
from motet.components.sdk import templates
from motet.components.sdk.templates import LANGUAGES, TEMPLATES, TemplateError, create


def test_every_template_passes_its_own_tests_in_every_language(tmp_path: Path) -> None:
    for template in TEMPLATES:
        for language in LANGUAGES:
            create(tmp_path, f"{template[:3]}-{language[:4]}", language, template)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_smallest_component_in_c_takes_less_than_800_bytes(tmp_path: Path) -> None:
    module = build.build(create(tmp_path, "small").folder).module
    assert len(module) < 800


def test_made_again_nothing_is_written_and_changes_are_never_touched(tmp_path: Path) -> None:
    first = create(tmp_path, "twice")
    assert first.files and create(tmp_path, "twice").files == ()
    source = first.folder / "main.c"
    source.write_text("mine")
    with pytest.raises(TemplateError, match=r"main\.c is there already and differs"):
        create(tmp_path, "twice")
    assert source.read_text() == "mine"


def test_what_is_missing_is_written_again(tmp_path: Path) -> None:
    folder = create(tmp_path, "again").folder
    (folder / "README.md").unlink()
    assert create(tmp_path, "again").files == (folder / "README.md",)


def test_the_next_commands_name_the_folder_and_a_tool(tmp_path: Path) -> None:
    made = create(tmp_path, "named", "zig", "library")
    assert any("motet install" in line and str(made.folder) in line for line in made.next)
    assert any("named.peak" in line for line in made.next)


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a/b", "", ".", "..", "A", "x y", "-x", "x\0", "ü", "n" * 40, "x-1", "exports", "mod", "memory"]
)
def test_a_name_that_is_none_is_refused_and_nothing_written(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    with pytest.raises(TemplateError, match="name"):
        create(inside, name)
    assert list(tmp_path.rglob("*")) == [inside]


@pytest.mark.parametrize("name", ["for", "interface"])
def test_names_that_mean_something_to_a_language_are_names(tmp_path: Path, name: str) -> None:
    for language in LANGUAGES:
        folder = create(tmp_path / language, name, language).folder if (tmp_path / language).mkdir() is None else tmp_path
        if language != "python":
            assert build.build(folder).compiled


@pytest.mark.parametrize(
    ("language", "template", "words"), [("cobol", "basic", "there are c, zig"), ("c", "huge", "basic, service")]
)
def test_an_unknown_language_or_template_is_told_with_those_there_are(
    tmp_path: Path, language: str, template: str, words: str
) -> None:
    with pytest.raises(TemplateError, match=words):
        create(tmp_path, "x", language, template)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TemplateError, match="file"):
        create(tmp_path / "file", "x")
    with pytest.raises(TemplateError, match="gone"):
        create(tmp_path / "gone", "x")


def test_a_disk_that_is_full_leaves_nothing_half_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = Path.write_text

    def full(self: Path, data: str, *more: object, **named: object) -> int:
        if self.name == "main.c":
            raise OSError(28, "No space left on device", str(self))
        return original(self, data, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(TemplateError, match="No space left"):
        create(tmp_path, "x")
    assert list(tmp_path.iterdir()) == []


def test_only_changed_sources_are_compiled_again_whatever_the_clock_says(tmp_path: Path) -> None:
    folder = create(tmp_path, "fresh").folder
    first = build.build(folder)
    os.utime(folder / "main.c")
    assert first.compiled and not build.build(folder).compiled
    (folder / "main.c").write_text((folder / "main.c").read_text() + "\n// more\n")
    os.utime(folder / "main.c", (1, 1))
    again = build.build(folder)
    assert again.compiled and again.module[:-40] == first.module[:-40]
    toml = folder / "Component.toml"
    toml.write_text(toml.read_text().replace("revision = 1", "revision = 2"))
    assert not build.build(folder).compiled
    toml.write_text(toml.read_text().replace('sources = ["main.c"]', 'sources = ["main.c"]\narena = 512'))
    assert build.build(folder).compiled


def test_a_folder_that_cannot_be_written_still_installs_but_does_not_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, module: bytes) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    folder = create(tmp_path, "fixed").folder
    manifest = build.load(folder)
    monkeypatch.setattr(build, "_replace", refuse)
    assert build.module_bytes(folder, manifest).startswith(b"\0asm")
    with pytest.raises(BuildError, match=r"fixed\.wasm: Permission denied"):
        build.build(folder)


MISSING = {"c": "clang-14 lld-14", "zig": "ziglang==", "assemblyscript": "npm install", "rust": "libstd-rust-dev-wasm32"}


@pytest.mark.parametrize(("language", "words"), [*MISSING.items(), ("python", "componentize-py==")])
def test_a_missing_compiler_is_named_with_what_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    folder = create(tmp_path, "lost", language).folder
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("MOTET_RUSTC", str(tmp_path / "rustc"))
    monkeypatch.setenv("MOTET_ASC", str(tmp_path / "asc.js"))
    monkeypatch.setattr(toolchains, "find_spec", lambda name: None)
    monkeypatch.setattr(toolchains.sys, "executable", str(tmp_path / "python3"))
    with pytest.raises(BuildError, match=words):
        build.build(folder)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "python"])
def test_a_mistake_in_the_source_is_shown_in_the_compilers_words(tmp_path: Path, language: str) -> None:
    folder = create(tmp_path, "wrong", language).folder
    source = folder / templates.SOURCES[language]
    source.write_text(source.read_text() + "\n?!\n")
    with pytest.raises(BuildError, match=source.name):
        build.build(folder)
