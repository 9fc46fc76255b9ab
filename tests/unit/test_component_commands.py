# SPDX-License-Identifier: Apache-2.0
"""new, init, build, inspect, run and test, as an author uses them in a folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from motet import paths
from motet.cli.main import app
from motet.components.manifest import load

VOTE = paths.data("examples") / "vote"
DIGITS = paths.data("models") / "digits" / "digits.tflite"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*arguments):
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def data(*arguments):
    code, printed = run(*arguments, "-o", "json")
    assert code == 0, printed
    return json.loads(printed)


def test_from_new_to_a_tested_and_built_package():
    assert data("new", "thing", "--dry-run")["written"] is False and not Path("thing").exists()
    assert data("new", "thing")["files"] and data("new", "thing")["files"] == []
    assert data("run", "thing", "summarize", '{"readings": [1, 2, 6]}')["value"]["mean"] == 3.0
    tested = data("test", "thing", "--on", "native")
    assert tested["passed"] >= 1 and tested["failed"] == 0
    built = data("build", "thing")
    assert Path("thing/thing.wasm").is_file() and built["digest"] == data("inspect", "thing.motet")["digest"]
    assert data("run", "thing.motet", "summarize", '{"readings": [4]}', "--on", "wasmtime")["value"]["most"] == 4.0
    assert data("sdk", "c", "--wit", "thing/thing.wit", "--out", "b", "--dry-run")["written"] is False and not Path("b").exists()
    assert all(Path(file).is_file() for file in data("sdk", "c", "--wit", "thing/thing.wit", "--out", "b")["files"])


def test_a_test_that_fails_ends_with_1_and_is_counted():
    run("new", "thing")
    (Path("thing/tests") / "test_wrong.py").write_text(
        "def test_wrong(component):\n    assert component.call('summarize', readings=[1]) == 7\n"
    )
    code, printed = run("test", "thing", "--on", "native", "-k", "wrong", "-o", "json")
    assert code == 1 and json.loads(printed)["failed"] == 1


def test_init_makes_a_component_of_what_is_there_and_leaves_what_is():
    folder = Path("My Voter")
    folder.mkdir()
    for name in ("vote.c", "vote.wit"):
        (folder / name).write_bytes((VOTE / name).read_bytes())
    assert data("init", folder, "--dry-run")["written"] is False and not (folder / "Component.toml").exists()
    assert data("init", folder)["written"] is True
    made = load(folder)
    assert (made.component.name, made.component.wit, made.build.language) == ("my-voter", "vote.wit", "c")
    assert data("init", folder)["existed"] is True
    assert data("init", "--system")["written"] is True and data("config", "check")["problems"] == []


@pytest.mark.parametrize(
    ("files", "words"),
    [([], "0 files *.wit"), (["a.wit", "b.wit"], "2 files *.wit"), (["vote.wit"], "0 files *.wasm"),
     (["vote.wit", "a.c", "main.rs"], "one language"), (["vote.wit", "lib.rs"], "starts at main.rs")],
)  # fmt: skip
def test_init_says_what_a_folder_lacks(files, words):
    folder = Path("work")
    folder.mkdir()
    for name in files:
        (folder / name).write_bytes((VOTE / "vote.wit").read_bytes() if name.endswith(".wit") else b"")
    code, said = run("init", folder)
    assert code == 2 and words in said and not (folder / "Component.toml").exists()


def test_inspect_shows_everything_and_runs_nothing():
    facts = data("inspect", VOTE)
    assert facts["form"] == "module" and "vote.push" in [tool["name"] for tool in facts["tools"]]
    assert any(one["name"] == "custom motet:wit" for one in facts["sections"])
    assert any(one["name"] == "push" for one in facts["exports"]) and "world vote" in facts["wit"]
    text = run("inspect", VOTE)[1]
    assert "signed with no key" in text and "limits" in text and "sections" in text
    model = data("inspect", DIGITS)
    assert model["kind"] == "model" and model["inputs"] and model["arena_bytes"] > 0


def test_inspect_of_a_module_that_breaks_off_tells_where():
    for name in ("Component.toml", "vote.wit"):
        Path(name).write_bytes((VOTE / name).read_bytes())
    Path("vote.wasm").write_bytes(b"\0asm\1\0\0\0\x01\xff")
    assert data("inspect", "vote.wasm")["problem"]
    Path("Component.toml").write_text(
        Path("Component.toml").read_text().replace("description = ", 'description = "\\u001b[31m" #')
    )
    assert "\x1b" not in run("inspect", "vote.wasm")[1]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("run", VOTE, "push", '{"label": "x"}'), 4, "label"),
        (("run", VOTE, "nothing"), 2, "it has"),
        (("run", VOTE, "push", "[1]"), 2, "JSON object"),
        (("run", VOTE, "push", "[" * 100_000), 2, "not JSON"),
        (("run", VOTE, "push", "{}", "--on", "toaster"), 2, "nothing to run on"),
        (("run", VOTE, "push", "{}", "--on", "../x"), 2, "nothing to run on"),
        (("run", DIGITS, "predict"), 2, "motet model run"),
        (("run", "gone", "push"), 2, "no such file"),
        (("test", "gone"), 2, "is no folder"),
        (("test", VOTE), 2, "is no folder"),
        (("test", VOTE, "--on", "native,toaster"), 2, ""),
        (("init", "gone"), 2, "is no folder"),
        (("new", "Not A Name"), 2, ""),
        (("new", "thing", "--lang", "cobol"), 2, "cobol"),
        (("sdk", "c", "--wit", "gone.wit"), 2, "gone.wit"),
        (("inspect", "gone"), 2, "no such file"),
    ],
)
def test_wrong_usage_is_one_sentence(arguments, code, words):
    got, said = run(*arguments)
    assert got == code and words in said and "Traceback" not in said


def test_run_plays_no_imports_and_says_who_does():
    run("new", "thing", "--template", "service", "--lang", "python")
    got, said = run("run", "thing", "total")
    assert got == 2 and "store.get" in said and "motet test" in said and "Traceback" not in said


def test_run_ends_with_ctrl_c_like_a_program(tmp_path):
    run("new", "thing")
    code = "import signal, os, sys\nfrom motet.components import testing\n"
    code += "testing.open_component = lambda *_: os.kill(os.getpid(), signal.SIGINT)\nfrom motet.cli.main import app\n"
    code += "app(['run', 'thing', 'summarize', '{\"readings\": [1]}'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ})
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, "")
