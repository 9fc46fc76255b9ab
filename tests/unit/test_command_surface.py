# SPDX-License-Identifier: Apache-2.0
"""The commands as one surface: names that stay, help, formats, quick starts, completions, pipes that close."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
import yaml
from tools import cli_reference
from typer.testing import CliRunner

from motet.cli.commands import ROWS
from motet.cli.completing import SHELLS, script
from motet.cli.main import app

# What a `motet devices`-like command may import: nothing of the gateway, of MCP or of the models.
HEAVY = ("mcp", "wasmtime", "sqlalchemy", "numpy", "starlette", "uvicorn", "cedarpy", "cyclonedx", "elftools")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(*arguments):
    return CliRunner().invoke(app, arguments)


def python(code, **environment):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment})


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_command_of_the_table_exists_and_says_what_it_does(row):
    command = row.load()
    assert command.name == row.name
    assert command.help and row.help.endswith(".")


def test_no_command_is_listed_twice():
    assert len({row.name for row in ROWS}) == len(ROWS)


def test_help_and_version_import_no_command():
    code = "import sys; from motet.cli.main import app\ntry: app(['--help'])\nexcept SystemExit: pass\nprint(sorted(sys.modules))"
    loaded = python(code).stdout.splitlines()[-1]
    assert "motet.cli.deploy" not in loaded and "pydantic" not in loaded


def test_a_command_that_asks_the_gateway_imports_neither_engines_nor_databases():
    code = "import sys; from motet.cli.main import app\ntry: app(['devices', '--gateway', 'http://127.0.0.1:9'])\n"
    code += "except SystemExit as e: print(e.code)\nprint([n for n in sys.argv[1:] if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["3", "[]"]


@pytest.mark.parametrize("where", ["before", "behind"])
@pytest.mark.parametrize("form", ["json", "yaml", "text"])
def test_the_form_can_be_said_before_and_behind_the_command(where, form):
    arguments = ("-o", form, "config", "check") if where == "before" else ("config", "check", "-o", form)
    printed = run(*arguments).stdout
    if form == "text":
        assert printed == "no motet.toml here: the defaults hold\n"
    else:
        loaded = json.loads(printed) if form == "json" else yaml.safe_load(printed)
        assert loaded == {"file": "motet.toml", "problems": []}


def test_an_unknown_form_is_wrong_usage():
    done = run("config", "check", "-o", "xml")
    assert done.exit_code == 2 and "xml" in done.output


def test_a_form_does_not_outlive_its_command():
    run("config", "check", "-o", "yaml")
    assert json.loads(run("config", "check", "--json").stdout)["problems"] == []


def test_where_o_names_a_file_a_form_is_still_understood(tmp_path):
    made = yaml.safe_load(run("keygen", "--output", "key.pem", "--format", "yaml").stdout)
    assert made["file"] == "key.pem"
    assert json.loads(run("keygen", "anna", "-o", "json", "--dry-run").stdout)["public"] == ""
    assert (run("keygen", "-o", "second.pem").exit_code, (tmp_path / "second.pem").exists()) == (0, True)


def test_errors_keep_the_form():
    done = run("config", "show", "--config", "gone.toml", "-o", "yaml")
    assert done.exit_code == 2
    assert yaml.safe_load(done.stdout)["exit_code"] == 2


def test_verbose_tells_what_is_behind_an_error_and_twice_where():
    once, twice = (run("config", "show", "-c", "gone.toml", flag).stderr for flag in ("-v", "-vv"))
    assert "because of ConfigError" in once and "Traceback" not in once
    assert "Traceback" in twice


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script_that_names_the_program(shell):
    done = run("completions", shell)
    assert done.exit_code == 0 and "motet" in done.stdout


@pytest.mark.parametrize("shell", ["tcsh", "", "bash;reboot", "../bash", "\x1b[31mred", "BASH "])
def test_other_shells_are_refused_by_name(shell):
    done = run("completions", shell)
    assert done.exit_code == 2
    assert "there are: bash, zsh" in done.output and "\x1b" not in done.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [(["motet", "tru"], "trust"), (["motet", "trust", "a"], "add"), (["motet", "config", "--he"], "--help")],
)
def test_bash_completes_commands_of_commands(tmp_path, words, expected):
    (tmp_path / "motet").write_text(f'#!/bin/sh\nexec {sys.executable} -m motet.cli "$@"\n')
    (tmp_path / "motet").chmod(0o755)
    ask = script("bash") + f"\nCOMP_WORDS=({' '.join(words)}) COMP_CWORD={len(words) - 1}\n_motet_completion motet\n"
    done = subprocess.run(
        ["bash", "-c", ask + 'printf "%s\\n" "${COMPREPLY[@]}"'],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    assert expected in done.stdout.split(), done.stderr


def test_a_reader_that_leaves_ends_the_command_quietly():
    code = "import os, subprocess, sys\nread, write = os.pipe(); os.close(read)\n"
    code += "done = subprocess.run([sys.executable, '-m', 'motet.cli', 'boards'], stdout=write, stderr=subprocess.PIPE)\n"
    code += "print(done.returncode, done.stderr)"
    assert re.fullmatch(r"1 b''\n", python(code).stdout)


def test_the_reference_in_the_documentation_is_that_of_the_commands():
    text = cli_reference.DOCS.read_text("utf-8")
    assert cli_reference.with_reference(text) == text, "run tools/cli_reference.py"


def leaves(name, command):
    """(name, command) of a command, or of those of a group."""
    subcommands = getattr(command, "commands", {})
    for sub, each in subcommands.items():
        yield from leaves(f"{name} {sub}", each)
    if not subcommands:
        yield name, command


def options_of(command):
    return {name for one in command.params if one.param_type_name == "option" for name in one.opts}


ALL = [leaf for row in ROWS for leaf in leaves(row.name, row.load())]
# What these print is no data: another program's protocol, a shell's script.
NO_DATA = {"mcp", "completions"}
CHANGING = ("new", "init", "sdk", "build", "sign", "keygen", "install", "update", "uninstall", "remove", "flash", "boards new",
            "trust add", "trust remove", "config set", "config reset", "model pack")  # fmt: skip


@pytest.mark.parametrize(("name", "command"), ALL, ids=[name for name, _ in ALL])
def test_what_prints_prints_data_too_and_everything_can_say_more(name, command):
    assert "--verbose" in options_of(command)
    assert name in NO_DATA or {"--format", "--json"} <= options_of(command)


@pytest.mark.parametrize("name", CHANGING)
def test_what_changes_something_can_be_rehearsed(name):
    assert "--dry-run" in options_of(dict(ALL)[name])
